// Module k6/experimental/csv: rows of CSV, all at once or one after the other.
import native from 'brunt:native';
import files from 'brunt:native/fs';
import { SharedArray } from 'k6/data';
import { File } from 'k6/experimental/fs';

const FILE = Symbol.for('brunt.file');
const OFFSET = Symbol.for('brunt.offset');

function checkedFile(file) {
  if (file instanceof File) return file;
  throw new TypeError(`first argument expected to be a fs.File instance, got ${file === null ? 'null' : typeof file} instead`);
}

const line = (given, name) => {
  if (given === undefined || given === null) return undefined;
  if (Number.isInteger(given) && given >= 0) return given;
  throw new RangeError(`the '${name}' option must be greater than or equal to 0; got ${given}`);
};

// Options as natives take them.
function checkedOptions(given) {
  const { delimiter = ',', skipFirstLine = false, asObjects = false } = given ?? {};
  const [from, to] = [line(given?.fromLine, 'fromLine'), line(given?.toLine, 'toLine')];
  if (!/^[\x00-\x7f]$/.test(delimiter)) throw new TypeError('delimiter must be a single character');
  if (asObjects && skipFirstLine) throw new TypeError("the 'asObjects' option can't be enabled with 'skipFirstLine'");
  if (asObjects && from > 0) throw new TypeError("the 'asObjects' option can't be enabled with a 'fromLine' greater than 0");
  if (from !== undefined && to !== undefined && from >= to) {
    throw new RangeError(`the 'fromLine' option must be less than the 'toLine' option; got 'fromLine': ${from}, 'toLine': ${to}`);
  }
  return { delimiter, skip: from || (skipFirstLine ? 1 : 0), to, asObjects: Boolean(asObjects) };
}

// All rows in a SharedArray; later VUs find the one that the first VU made.
export async function parse(file, options) {
  const { path } = checkedFile(file);
  const checked = checkedOptions(options);
  if (!native.inInit()) throw new Error('csv.parse() is possible only while the script is initialised: call it outside of functions');
  const name = `csv.parse.${JSON.stringify([path, file[OFFSET], checked])}`;
  if (!native.sharedOpen(name)) files.share(name, files.rows(file[FILE], file[OFFSET], checked));
  return new SharedArray(name, () => []);
}

export class Parser {
  #rows;

  constructor(file, options) {
    if (!native.inInit()) throw new Error('csv Parser constructor must be called in the init context');
    this.#rows = files.rows(checkedFile(file)[FILE], file[OFFSET], checkedOptions(options));
  }

  async next() {
    const row = files.next(this.#rows);
    return row === undefined || row === null ? { done: true, value: [] } : { done: false, value: JSON.parse(row) };
  }
}

export default { parse, Parser };
