// The keys of WebCrypto, and what all algorithms do with what they are given.
import encoding from 'k6/encoding';
import digests from 'brunt:native/crypto';
import { failure } from 'brunt:webcrypto/failure';

const MATERIAL = Symbol('material');

export class CryptoKey {
  constructor(type, algorithm, extractable, usages, material) {
    Object.assign(this, { type, algorithm, extractable: Boolean(extractable), usages: [...usages] });
    Object.defineProperty(this, MATERIAL, { value: material });
    Object.freeze(this);
  }
}

export const material = (key) => key[MATERIAL];

// A key whose usages are among the possible ones; secret and private keys need at least one.
export function keyOf(type, algorithm, extractable, usages, possible, made) {
  const wrong = usages.find((usage) => !possible.includes(usage));
  if (wrong !== undefined) {
    throw failure('SyntaxError', `a ${type} key for ${algorithm.name} can't be used for ${JSON.stringify(wrong)}: it can for ${possible.join(', ') || 'nothing'}`);
  }
  if (type !== 'public' && usages.length === 0) throw failure('SyntaxError', `a ${type} key for ${algorithm.name} needs at least one usage`);
  return new CryptoKey(type, algorithm, extractable, usages, made);
}

// Both keys of a pair, each with those of the usages that are for it.
export function pairOf(algorithm, extractable, usages, { secret, secretUsages, open, openUsages }) {
  const of = (possible) => usages.filter((usage) => possible.includes(usage));
  const wrong = usages.find((usage) => ![...secretUsages, ...openUsages].includes(usage));
  if (wrong !== undefined) throw failure('SyntaxError', `keys for ${algorithm.name} can't be used for ${JSON.stringify(wrong)}`);
  return {
    privateKey: keyOf('private', algorithm, extractable, of(secretUsages), secretUsages, secret),
    publicKey: keyOf('public', algorithm, true, of(openUsages), openUsages, open),
  };
}

// A buffer, or a view of one, copied.
export function bytesOf(data, what = 'the data') {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0));
  throw new TypeError(`${what} must be an ArrayBuffer, a typed array or a DataView`);
}

export const NONE = new Uint8Array();

const HASHES = { 'SHA-1': ['sha1', 20, 64], 'SHA-256': ['sha256', 32, 64], 'SHA-384': ['sha384', 48, 128], 'SHA-512': ['sha512', 64, 128] };

// A hash by its name: its own name, how natives call it, its bytes and those of its blocks.
export function hashOf(given) {
  const wanted = String(given?.name ?? given).toUpperCase();
  if (!Object.hasOwn(HASHES, wanted)) {
    throw failure('NotSupportedError', `the hash ${JSON.stringify(given?.name ?? given)} is not supported: it is ${Object.keys(HASHES).join(', ')}`);
  }
  const [called, bytes, block] = HASHES[wanted];
  return { name: wanted, called, bytes, block };
}

export function digest(hash, data) {
  const hasher = digests.hasher(hashOf(hash).called);
  digests.update(hasher, data);
  return new Uint8Array(digests.digest(hasher, 'binary'));
}

// JSON Web Keys

export const toBase64 = (bytes) => encoding.b64encode(bytes, 'rawurl');

export function fromBase64(jwk, name) {
  try {
    return new Uint8Array(encoding.b64decode(jwk[name], 'rawurl'));
  } catch {
    throw failure('DataError', `${JSON.stringify(name)} of the JSON Web Key is not base64url`);
  }
}

export function checkedJwk(jwk, type, extractable) {
  if (jwk === null || typeof jwk !== 'object') throw new TypeError('a JSON Web Key is an object');
  if (jwk.kty !== type) throw failure('DataError', `the JSON Web Key is of type ${JSON.stringify(jwk.kty)} and not ${type}`);
  if (jwk.ext === false && extractable) throw failure('DataError', 'the JSON Web Key says that it is not extractable');
  return jwk;
}

export const jwkOf = (key, members) => ({ ...members, ext: key.extractable, key_ops: key.usages });

export const unknownFormat = (format, name) =>
  failure('NotSupportedError', `keys for ${name} can't be imported or exported as ${JSON.stringify(format)}`);
