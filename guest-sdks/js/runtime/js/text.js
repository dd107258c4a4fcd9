// The globals TextEncoder and TextDecoder.
import native from 'brunt:native/text';

// Any buffer or view of one as bytes.
function bytesOf(data) {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError('TextDecoder.decode() takes an ArrayBuffer, a typed array or a DataView');
}

export class TextEncoder {
  get encoding() {
    return 'utf-8';
  }

  encode(text = '') {
    return new Uint8Array(native.encode(String(text).toWellFormed()));
  }

  encodeInto(text, target) {
    if (!(target instanceof Uint8Array)) throw new TypeError('TextEncoder.encodeInto() writes into a Uint8Array');
    const whole = String(text).toWellFormed();
    let [read, written] = [0, 0];
    for (const letter of whole) {
      const bytes = this.encode(letter);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      read += letter.length;
      written += bytes.length;
    }
    return { read, written };
  }
}

const LABELS = {
  'utf-8': ['utf-8', 'utf8', 'unicode-1-1-utf-8', 'unicode11utf8', 'unicode20utf8', 'x-unicode20utf8'],
  'utf-16le': ['utf-16le', 'utf-16', 'ucs-2', 'unicode', 'iso-10646-ucs-2', 'csunicode', 'unicodefeff'],
  'utf-16be': ['utf-16be', 'unicodefffe'],
};

export class TextDecoder {
  #state;

  constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
    const wanted = String(label).trim().toLowerCase();
    const [encoding] = Object.entries(LABELS).find(([, labels]) => labels.includes(wanted)) ?? [];
    if (!encoding) throw new RangeError(`TextDecoder: the encoding ${JSON.stringify(label)} is not there: it is utf-8, utf-16le or utf-16be`);
    for (const [name, value] of Object.entries({ encoding, fatal: Boolean(fatal), ignoreBOM: Boolean(ignoreBOM) })) {
      Object.defineProperty(this, name, { value, enumerable: true });
    }
    this.#begin();
  }

  decode(data, { stream = false } = {}) {
    const bytes = data === undefined ? new Uint8Array() : bytesOf(data);
    try {
      const text = native.decode(this.#state, bytes, Boolean(stream));
      if (!stream) this.#begin();
      return text;
    } catch (error) {
      this.#begin();
      throw error;
    }
  }

  #begin() {
    this.#state = native.decoder(this.encoding, this.fatal, this.ignoreBOM);
  }
}
