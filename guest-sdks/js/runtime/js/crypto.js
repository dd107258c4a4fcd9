// Module k6/crypto: digests and random bytes.
import native from 'brunt:native/crypto';

const HASHER = Symbol('hasher');

class Hasher {
  constructor(hasher) {
    Object.defineProperty(this, HASHER, { value: hasher });
  }

  update(input) {
    native.update(this[HASHER], input);
  }

  // The digest of what was added so far; more may follow.
  digest(encoding) {
    return native.digest(this[HASHER], String(encoding));
  }
}

export const createHash = (algorithm) => new Hasher(native.hasher(String(algorithm)));

export const createHMAC = (algorithm, secret) => new Hasher(native.keyed(String(algorithm), secret));

export function hmac(algorithm, secret, input, encoding) {
  const hasher = createHMAC(algorithm, secret);
  hasher.update(input);
  return hasher.digest(encoding);
}

const digester = (algorithm) => (input, encoding) => {
  const hasher = native.hasher(algorithm);
  native.update(hasher, input);
  return native.digest(hasher, String(encoding));
};

export const md4 = digester('md4');
export const md5 = digester('md5');
export const sha1 = digester('sha1');
export const sha224 = digester('sha224');
export const sha256 = digester('sha256');
export const sha384 = digester('sha384');
export const sha512 = digester('sha512');
export const sha512_224 = digester('sha512_224');
export const sha512_256 = digester('sha512_256');
export const ripemd160 = digester('ripemd160');

export const randomBytes = (size) => native.randomBytes(Number(size));

export const hexEncode = (data) => native.hexEncode(data);

export default {
  createHash, createHMAC, hmac, md4, md5, sha1, sha224, sha256, sha384, sha512, sha512_224, sha512_256, ripemd160,
  randomBytes, hexEncode,
};
