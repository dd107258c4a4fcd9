// The global crypto: WebCrypto.
import native from 'brunt:native';
import digests from 'brunt:native/crypto';
import { failure } from 'brunt:webcrypto/failure';

// Most bytes that are given at once, by the specification.
const MOST = 65536;

const INTEGERS = [
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array,
];

let subtle;

class Crypto {
  get subtle() {
    subtle ??= native.evaluate('brunt:webcrypto/subtle').subtle;
    return subtle;
  }

  getRandomValues(array) {
    if (!INTEGERS.some((kind) => array instanceof kind)) {
      throw failure('TypeMismatchError', 'getRandomValues() fills a typed array of integers');
    }
    if (array.byteLength > MOST) throw failure('QuotaExceededError', `getRandomValues() gives at most ${MOST} bytes at once, not ${array.byteLength}`);
    if (array.byteLength > 0) bytesOf(array).set(new Uint8Array(digests.randomBytes(array.byteLength)));
    return array;
  }

  randomUUID() {
    const bytes = new Uint8Array(digests.randomBytes(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return digests.hexEncode(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}

const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

export const crypto = new Crypto();
