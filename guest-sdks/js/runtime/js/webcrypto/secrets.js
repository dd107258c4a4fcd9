// The algorithms of WebCrypto with secret keys: AES, HMAC, PBKDF2.
import ciphers from 'brunt:native/ciphers';
import digests from 'brunt:native/crypto';
import { failure, sure } from 'brunt:webcrypto/failure';
import { NONE, bytesOf, checkedJwk, fromBase64, hashOf, jwkOf, keyOf, material, toBase64, unknownFormat } from 'brunt:webcrypto/keys';

const random = (bits) => new Uint8Array(digests.randomBytes(bits / 8));

function exportSecret(format, key, alg) {
  if (format === 'raw') return material(key).slice().buffer;
  if (format === 'jwk') return jwkOf(key, { kty: 'oct', k: toBase64(material(key)), alg });
  throw unknownFormat(format, key.algorithm.name);
}

function importedBytes(format, data, extractable, name) {
  if (format === 'raw') return bytesOf(data, 'a raw key');
  if (format === 'jwk') return fromBase64(checkedJwk(data, 'oct', extractable), 'k');
  throw unknownFormat(format, name);
}

// AES

const AES_USAGES = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];

const aes = (name, letters, run) => ({
  name,
  generate({ length }, extractable, usages) {
    if (![128, 192, 256].includes(length)) throw failure('OperationError', `a key for ${name} has 128, 192 or 256 bits, not ${length}`);
    return keyOf('secret', { name, length }, extractable, usages, AES_USAGES, random(length));
  },
  importKey(format, data, _, extractable, usages) {
    const key = importedBytes(format, data, extractable, name);
    if (![16, 24, 32].includes(key.length)) throw failure('DataError', `a key for ${name} has 16, 24 or 32 bytes, not ${key.length}`);
    return keyOf('secret', { name, length: key.length * 8 }, extractable, usages, AES_USAGES, key);
  },
  exportKey: (format, key) => exportSecret(format, key, `A${key.algorithm.length}${letters}`),
  encrypt: (given, key, data) => run(true, given, material(key), data),
  decrypt: (given, key, data) => run(false, given, material(key), data),
  keyLength({ length }) {
    if (![128, 192, 256].includes(length)) throw failure('OperationError', `a key for ${name} has 128, 192 or 256 bits, not ${length}`);
    return length;
  },
});

const undone = (encrypts) => (encrypts ? 'the data could not be encrypted' : 'the data could not be decrypted');

function cbc(encrypts, { iv }, key, data) {
  const start = bytesOf(iv, 'iv');
  if (start.length !== 16) throw failure('OperationError', `the iv of AES-CBC has 16 bytes, not ${start.length}`);
  return sure(ciphers.cbc(encrypts, key, start, data), 'OperationError', undone(encrypts));
}

function ctr(encrypts, { counter, length }, key, data) {
  const start = bytesOf(counter, 'counter');
  if (start.length !== 16) throw failure('OperationError', `the counter of AES-CTR has 16 bytes, not ${start.length}`);
  if (!(length >= 1 && length <= 128)) throw failure('OperationError', `the length of AES-CTR's counter is 1 to 128 bits, not ${length}`);
  return sure(ciphers.ctr(key, start, length, data), 'OperationError', 'the data is longer than the counter can count');
}

function gcm(encrypts, { iv, additionalData, tagLength = 128 }, key, data) {
  const start = bytesOf(iv, 'iv');
  if (![12, 16].includes(start.length)) throw failure('NotSupportedError', `the iv of AES-GCM has 12 or 16 bytes in brunt, not ${start.length}`);
  if (![32, 64, 96, 104, 112, 120, 128].includes(tagLength)) throw failure('OperationError', `the tag of AES-GCM can't have ${tagLength} bits`);
  const more = additionalData === undefined ? NONE : bytesOf(additionalData, 'additionalData');
  return sure(ciphers.gcm(encrypts, key, start, data, more, tagLength / 8), 'OperationError', undone(encrypts));
}

// HMAC

function mac(key, data) {
  const hasher = digests.keyed(hashOf(key.algorithm.hash).called, material(key));
  digests.update(hasher, data);
  return digests.digest(hasher, 'binary');
}

const hmacKey = (hash, bytes, extractable, usages) =>
  keyOf('secret', { name: 'HMAC', hash: { name: hash.name }, length: bytes.length * 8 }, extractable, usages, ['sign', 'verify'], bytes);

const hmac = {
  name: 'HMAC',
  generate({ hash, length }, extractable, usages) {
    const known = hashOf(hash);
    const bits = length ?? known.block * 8;
    if (!(bits > 0 && bits % 8 === 0)) throw failure('OperationError', `a key for HMAC can't have ${length} bits`);
    return hmacKey(known, random(bits), extractable, usages);
  },
  importKey(format, data, { hash }, extractable, usages) {
    const known = hashOf(hash);
    const bytes = importedBytes(format, data, extractable, 'HMAC');
    if (bytes.length === 0) throw failure('DataError', 'a key for HMAC has at least one byte');
    return hmacKey(known, bytes, extractable, usages);
  },
  exportKey: (format, key) => exportSecret(format, key, `HS${key.algorithm.hash.name.slice(4)}`),
  sign: (_, key, data) => mac(key, data),
  verify(_, key, signature, data) {
    const made = new Uint8Array(mac(key, data));
    return made.length === signature.length && made.reduce((all, byte, at) => all | (byte ^ signature[at]), 0) === 0;
  },
  keyLength: ({ hash, length }) => length ?? hashOf(hash).block * 8,
};

// PBKDF2

const pbkdf2 = {
  name: 'PBKDF2',
  importKey(format, data, _, extractable, usages) {
    if (format !== 'raw') throw unknownFormat(format, 'PBKDF2');
    if (extractable) throw failure('SyntaxError', 'a key for PBKDF2 is never extractable');
    return keyOf('secret', { name: 'PBKDF2' }, false, usages, ['deriveKey', 'deriveBits'], bytesOf(data, 'a raw key'));
  },
  derive({ hash, salt, iterations }, key, length) {
    if (!(length > 0 && length % 8 === 0)) throw failure('OperationError', `PBKDF2 derives whole bytes, not ${length} bits`);
    if (!(iterations > 0)) throw failure('OperationError', `PBKDF2 needs at least one iteration, not ${iterations}`);
    return ciphers.pbkdf2(hashOf(hash).called, material(key), bytesOf(salt, 'salt'), iterations, length / 8);
  },
};

export const secrets = [aes('AES-CBC', 'CBC', cbc), aes('AES-CTR', 'CTR', ctr), aes('AES-GCM', 'GCM', gcm), hmac, pbkdf2];
