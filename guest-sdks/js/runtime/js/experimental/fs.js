// Module k6/experimental/fs: files that are read piece by piece.
import native from 'brunt:native';
import files from 'brunt:native/fs';

const FILE = Symbol.for('brunt.file');

export const SeekMode = { Start: 0, Current: 1, End: 2 };

// A file; its content is in the engine, once for all VUs.
export class File {
  #at = 0;

  constructor(path, file) {
    this.path = path;
    Object.defineProperty(this, FILE, { value: file });
  }

  async stat() {
    return { name: this.path.replace(/^.*\//, ''), size: files.size(this[FILE]) };
  }

  // Fills the array; null at the end.
  async read(into) {
    if (!(into instanceof Uint8Array)) throw new TypeError('read() failed; reason: it reads into a Uint8Array');
    if (into.length === 0) return this.#at < files.size(this[FILE]) ? 0 : null;
    const bytes = new Uint8Array(files.read(this[FILE], this.#at, into.length));
    if (bytes.length === 0) return null;
    into.set(bytes);
    this.#at += bytes.length;
    return bytes.length;
  }

  async seek(offset, whence) {
    if (!Number.isInteger(offset)) throw new TypeError('seek() failed; reason: the offset must be a whole number');
    const size = files.size(this[FILE]);
    const from = { [SeekMode.Start]: 0, [SeekMode.Current]: this.#at, [SeekMode.End]: size }[whence];
    if (from === undefined) throw new TypeError('seek() failed; reason: the whence must be a SeekMode');
    if (whence === SeekMode.Start && offset < 0) throw new TypeError('seek() failed; reason: from the start the offset can\'t be negative');
    if (whence === SeekMode.End && offset > 0) throw new TypeError('seek() failed; reason: from the end the offset can\'t be positive');
    if (from + offset < 0 || from + offset > size) throw new RangeError('seek() failed; reason: the offset is outside of the file');
    this.#at = from + offset;
    return this.#at;
  }

  // Where it is read from next.
  get [Symbol.for('brunt.offset')]() {
    return this.#at;
  }
}

export async function open(path) {
  if (!native.inInit()) throw new Error('open() failed; reason: it is possible only while the script is initialised: call it outside of functions');
  if (typeof path !== 'string' || path === '') throw new TypeError("open() failed; reason: the path can't be empty");
  const local = path.replace(/^file:\/\//, '');
  return new File(absolute(local), files.open(local));
}

// A path as it is from the root of the file system, seen from the script.
function absolute(path) {
  const folder = files.main().replace(/^file:\/\//, '').replace(/[^/]*$/, '');
  const whole = path.startsWith('/') ? path : folder + path;
  const parts = [];
  for (const part of whole.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export default { open, File, SeekMode };
