import { crypto as old } from 'k6/experimental/webcrypto';
import { rejects, fails, same } from './same.js';

// Keys, signatures and secrets that OpenSSL made.
const MADE = JSON.parse(open('webcrypto.json'));
const MESSAGE = new TextEncoder().encode('what brunt signs');

const { subtle } = crypto;
const hex = (data) => [...new Uint8Array(data)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const unhex = (text) => new Uint8Array(text.match(/../g).map((byte) => parseInt(byte, 16)));
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function unbase64(text) {
  const bits = [...text.replace(/=/g, '')].map((letter) => LETTERS.indexOf(letter).toString(2).padStart(6, '0')).join('');
  return new Uint8Array(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

export default async function () {
  random();
  await digests();
  await ciphers();
  await macs();
  await derived();
  await rsa();
  for (const name of ['P-256', 'P-384', 'P-521']) await curve(name);
  await wrong();
}

function random() {
  same('the old name', old === crypto, true);
  const array = new Uint32Array(8);
  same('getRandomValues', [crypto.getRandomValues(array) === array, array.some((value) => value !== 0)], [true, true]);
  same('randomUUID', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), true);
  same('randomUUID twice', crypto.randomUUID() === crypto.randomUUID(), false);
  fails('random floats', () => crypto.getRandomValues(new Float32Array(1)), 'TypeMismatchError: getRandomValues() fills a typed array of integers');
  fails('too much', () => crypto.getRandomValues(new Uint8Array(65537)), 'QuotaExceededError: getRandomValues() gives at most 65536 bytes');
}

async function digests() {
  const abc = new TextEncoder().encode('abc');
  same('SHA-1', hex(await subtle.digest('SHA-1', abc)), 'a9993e364706816aba3e25717850c26c9cd0d89d');
  same('SHA-256', hex(await subtle.digest({ name: 'sha-256' }, abc.buffer)), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  same('SHA-384', hex(await subtle.digest('SHA-384', abc)).slice(0, 16), 'cb00753f45a35e8b');
  same('SHA-512', hex(await subtle.digest('SHA-512', new DataView(abc.buffer))).slice(0, 16), 'ddaf35a193617aba');
}

// NIST SP 800-38A F.2.1 and F.5.1; test case 4 of the specification of GCM.
const PLAIN = unhex('6bc1bee22e409f96e93d7e117393172a');
const GCM = {
  key: unhex('feffe9928665731c6d6a8f9467308308'),
  iv: unhex('cafebabefacedbaddecaf888'),
  more: unhex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
  plain: unhex('d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39'),
  cipher: '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091',
  tag: '5bc94fbc3221a5db94fae95ae7121a47',
};

async function ciphers() {
  const raw = unhex('2b7e151628aed2a6abf7158809cf4f3c');
  const aes = (name, key = raw) => subtle.importKey('raw', key, name, true, ['encrypt', 'decrypt']);
  const cbc = { name: 'AES-CBC', iv: unhex('000102030405060708090a0b0c0d0e0f') };
  const made = await subtle.encrypt(cbc, await aes('AES-CBC'), PLAIN);
  same('AES-CBC', [hex(made).slice(0, 32), made.byteLength], ['7649abac8119b246cee98e9b12e9197d', 32]);
  same('AES-CBC back', hex(await subtle.decrypt(cbc, await aes('AES-CBC'), made)), hex(PLAIN));
  await rejects('AES-CBC of something else', subtle.decrypt(cbc, await aes('AES-CBC'), PLAIN), 'OperationError: the data could not be decrypted');
  const ctr = { name: 'AES-CTR', counter: unhex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'), length: 128 };
  same('AES-CTR', hex(await subtle.encrypt(ctr, await aes('AES-CTR'), PLAIN)), '874d6191b620e3261bef6864990db6ce');
  const two = new Uint8Array([...PLAIN, ...PLAIN]);
  const short = { ...ctr, length: 4 };
  same('AES-CTR back', hex(await subtle.decrypt(short, await aes('AES-CTR'), await subtle.encrypt(short, await aes('AES-CTR'), two))), hex(two));
  const key = await aes('AES-GCM', GCM.key);
  const gcm = { name: 'AES-GCM', iv: GCM.iv, additionalData: GCM.more };
  same('AES-GCM', hex(await subtle.encrypt(gcm, key, GCM.plain)), GCM.cipher + GCM.tag);
  same('AES-GCM back', hex(await subtle.decrypt(gcm, key, unhex(GCM.cipher + GCM.tag))), hex(GCM.plain));
  same('AES-GCM with a short tag', hex(await subtle.decrypt({ ...gcm, tagLength: 96 }, key, unhex(GCM.cipher + GCM.tag.slice(0, 24)))), hex(GCM.plain));
  await rejects('AES-GCM of another tag', subtle.decrypt(gcm, key, unhex(GCM.cipher + GCM.tag.replace('5b', '5c'))), 'OperationError: the data could not be decrypted');
  const own = await subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);
  same('a key of its own', [own.type, own.algorithm, own.extractable, own.usages, (await subtle.exportKey('raw', own)).byteLength], ['secret', { name: 'AES-GCM', length: 256 }, true, ['encrypt'], 32]);
  const jwk = await subtle.exportKey('jwk', key);
  same('as JWK', [jwk.kty, jwk.alg, jwk.ext, jwk.key_ops], ['oct', 'A128GCM', true, ['encrypt', 'decrypt']]);
  const back = await subtle.importKey('jwk', jwk, 'AES-GCM', true, ['encrypt']);
  same('and back', hex(await subtle.exportKey('raw', back)), hex(GCM.key));
}

async function macs() {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await subtle.importKey('raw', new TextEncoder().encode('Jefe'), algorithm, false, ['sign', 'verify']);
  const data = new TextEncoder().encode('what do ya want for nothing?');
  const made = await subtle.sign('HMAC', key, data);
  same('HMAC', hex(made), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  same('HMAC verified', [await subtle.verify('HMAC', key, made, data), await subtle.verify('HMAC', key, made, MESSAGE)], [true, false]);
  await rejects('a key that stays', subtle.exportKey('raw', key), 'InvalidAccessError: the key is not extractable');
  const own = await subtle.generateKey({ name: 'HMAC', hash: { name: 'SHA-512' } }, true, ['sign']);
  same('its own key', [own.algorithm, (await subtle.exportKey('jwk', own)).alg], [{ name: 'HMAC', hash: { name: 'SHA-512' }, length: 1024 }, 'HS512']);
}

async function derived() {
  const key = await subtle.importKey('raw', new TextEncoder().encode('password'), 'PBKDF2', false, ['deriveBits', 'deriveKey']);
  const by = (hash) => ({ name: 'PBKDF2', hash, salt: new TextEncoder().encode('salt'), iterations: 4096 });
  for (const [hash, expected] of Object.entries(MADE.pbkdf2)) same(`PBKDF2 ${hash}`, hex(await subtle.deriveBits(by(hash), key, 256)), expected);
  const made = await subtle.deriveKey(by('SHA-256'), key, { name: 'AES-CBC', length: 256 }, true, ['encrypt']);
  same('deriveKey', hex(await subtle.exportKey('raw', made)), MADE.pbkdf2['SHA-256']);
}

async function rsa() {
  const read = Object.fromEntries(Object.entries(MADE.rsa).map(([name, text]) => [name, unbase64(text)]));
  const both = async (name, hash, secret, open) => [
    await subtle.importKey('pkcs8', read.pkcs8, { name, hash }, true, [secret]),
    await subtle.importKey('spki', read.spki, { name, hash }, true, [open]),
  ];
  const [signs, verifies] = await both('RSASSA-PKCS1-v1_5', 'SHA-256', 'sign', 'verify');
  same('an RSA key', [signs.type, signs.algorithm.modulusLength, [...signs.algorithm.publicExponent], verifies.type], ['private', 2048, [1, 0, 1], 'public']);
  const pkcs1 = 'RSASSA-PKCS1-v1_5';
  same('PKCS #1', hex(await subtle.sign(pkcs1, signs, MESSAGE)), hex(read.pkcs1));
  same('PKCS #1 verified', [await subtle.verify(pkcs1, verifies, read.pkcs1, MESSAGE), await subtle.verify(pkcs1, verifies, read.pss, MESSAGE)], [true, false]);
  same('PKCS #8', hex(await subtle.exportKey('spki', verifies)), hex(read.spki));
  const jwk = await subtle.exportKey('jwk', signs);
  same('as JWK', [jwk.kty, jwk.alg, jwk.e, Object.keys(jwk)], ['RSA', 'RS256', 'AQAB', ['kty', 'alg', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'ext', 'key_ops']]);
  const back = await subtle.importKey('jwk', jwk, { name: pkcs1, hash: 'SHA-256' }, true, ['sign']);
  same('and back', hex(await subtle.sign(pkcs1, back, MESSAGE)), hex(read.pkcs1));

  const [pssSigns, pssVerifies] = await both('RSA-PSS', 'SHA-384', 'sign', 'verify');
  const pss = { name: 'RSA-PSS', saltLength: 48 };
  same('PSS of OpenSSL', await subtle.verify(pss, pssVerifies, read.pss, MESSAGE), true);
  same('PSS of its own', await subtle.verify(pss, pssVerifies, await subtle.sign(pss, pssSigns, MESSAGE), MESSAGE), true);
  const [decrypts, encrypts] = await both('RSA-OAEP', 'SHA-256', 'decrypt', 'encrypt');
  same('OAEP of OpenSSL', hex(await subtle.decrypt('RSA-OAEP', decrypts, read.oaep)), hex(MESSAGE));
  const labelled = { name: 'RSA-OAEP', label: MESSAGE };
  same('OAEP of its own', hex(await subtle.decrypt(labelled, decrypts, await subtle.encrypt(labelled, encrypts, PLAIN))), hex(PLAIN));
  await rejects('OAEP without its label', subtle.decrypt('RSA-OAEP', decrypts, await subtle.encrypt(labelled, encrypts, PLAIN)), 'OperationError: the data could not be decrypted');

  const given = { name: 'RSA-PSS', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-1' };
  const { privateKey, publicKey } = await subtle.generateKey(given, false, ['sign', 'verify']);
  const salted = { name: 'RSA-PSS', saltLength: 20 };
  same('keys of its own', await subtle.verify(salted, publicKey, await subtle.sign(salted, privateKey, MESSAGE), MESSAGE), true);
  same('what they are for', [privateKey.usages, publicKey.usages, privateKey.extractable, publicKey.extractable], [['sign'], ['verify'], false, true]);
}

async function curve(namedCurve) {
  const { hash, ...texts } = MADE[namedCurve];
  const read = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, unbase64(text)]));
  const ecdsa = { name: 'ECDSA', namedCurve };
  const signs = await subtle.importKey('pkcs8', read.pkcs8, ecdsa, true, ['sign']);
  const verifies = await subtle.importKey('spki', read.spki, ecdsa, true, ['verify']);
  const by = { name: 'ECDSA', hash };
  same(`${namedCurve} of OpenSSL`, await subtle.verify(by, verifies, read.signature, MESSAGE), true);
  const made = await subtle.sign(by, signs, MESSAGE);
  same(`${namedCurve} of its own`, [made.byteLength, await subtle.verify(by, verifies, made, MESSAGE), await subtle.verify(by, verifies, made, PLAIN)], [read.signature.length, true, false]);
  same(`${namedCurve} exported`, hex(await subtle.exportKey('spki', verifies)), hex(read.spki));
  const jwk = await subtle.exportKey('jwk', signs);
  const back = await subtle.importKey('jwk', jwk, ecdsa, true, ['sign']);
  same(`${namedCurve} as JWK`, [jwk.kty, jwk.crv, await subtle.verify(by, verifies, await subtle.sign(by, back, MESSAGE), MESSAGE)], ['EC', namedCurve, true]);
  const ecdh = { name: 'ECDH', namedCurve };
  const own = await subtle.importKey('pkcs8', read.pkcs8, ecdh, true, ['deriveBits', 'deriveKey']);
  const other = await subtle.importKey('spki', read.other, ecdh, true, []);
  same(`${namedCurve} shared`, hex(await subtle.deriveBits({ name: 'ECDH', public: other }, own, null)), hex(read.shared));
  const raw = await subtle.importKey('raw', await subtle.exportKey('raw', other), ecdh, true, []);
  same(`${namedCurve} raw`, hex(await subtle.deriveBits({ name: 'ECDH', public: raw }, own, 128)), hex(read.shared).slice(0, 32));
  const { privateKey, publicKey } = await subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  same(`${namedCurve} generated`, await subtle.verify(by, publicKey, await subtle.sign(by, privateKey, MESSAGE), MESSAGE), true);
}

async function wrong() {
  const aes = await subtle.generateKey({ name: 'AES-CBC', length: 128 }, true, ['encrypt']);
  await rejects('an unknown hash', subtle.digest('MD5', PLAIN), 'NotSupportedError: the hash "MD5" is not supported: it is SHA-1, SHA-256');
  await rejects('an unknown algorithm', subtle.generateKey('Ed25519', true, ['sign']), 'NotSupportedError: "Ed25519" is not supported here: it is AES-CBC, AES-CTR, AES-GCM, HMAC, RSASSA-PKCS1-v1_5, RSA-PSS, RSA-OAEP, ECDSA, ECDH');
  await rejects('HKDF', subtle.importKey('raw', PLAIN, 'HKDF', false, ['deriveBits']), 'NotSupportedError: "HKDF" is not supported here');
  await rejects('wrapKey', subtle.wrapKey(), 'NotSupportedError: wrapKey() is not supported');
  await rejects('a use that is not allowed', subtle.decrypt({ name: 'AES-CBC', iv: PLAIN }, aes, PLAIN), 'InvalidAccessError: the key may not be used for decrypt: it may for encrypt');
  await rejects('another algorithm', subtle.encrypt({ name: 'AES-GCM', iv: GCM.iv }, aes, PLAIN), 'InvalidAccessError: the key is for AES-CBC and not for AES-GCM');
  await rejects('a short iv', subtle.encrypt({ name: 'AES-CBC', iv: GCM.iv }, aes, PLAIN), 'OperationError: the iv of AES-CBC has 16 bytes, not 12');
  await rejects('a key of an odd length', subtle.importKey('raw', GCM.iv, 'AES-CBC', true, ['encrypt']), 'DataError: a key for AES-CBC has 16, 24 or 32 bytes, not 12');
  await rejects('a usage that is none', subtle.generateKey({ name: 'AES-CBC', length: 128 }, true, ['sign']), 'SyntaxError: a secret key for AES-CBC can\'t be used for "sign"');
  await rejects('no usage', subtle.generateKey({ name: 'AES-CBC', length: 128 }, true, []), 'SyntaxError: a secret key for AES-CBC needs at least one usage');
  await rejects('text', subtle.digest('SHA-1', 'text'), 'TypeError: the data must be an ArrayBuffer, a typed array or a DataView');
  await rejects('a curve of another kind', subtle.generateKey({ name: 'ECDSA', namedCurve: 'K-256' }, true, ['sign']), 'NotSupportedError: the curve "K-256" is not supported');
  await rejects('bytes that are no key', subtle.importKey('pkcs8', PLAIN, { name: 'RSA-PSS', hash: 'SHA-1' }, true, ['sign']), 'DataError: this is no key of RSA');
  await rejects('a short modulus', subtle.generateKey({ name: 'RSA-PSS', modulusLength: 512, publicExponent: PLAIN, hash: 'SHA-1' }, true, ['sign']), 'OperationError: a modulus of RSA has 1024 to 8192 bits, not 512');
  await rejects('a secret as spki', subtle.exportKey('spki', aes), 'NotSupportedError: keys for AES-CBC can\'t be imported or exported as "spki"');
}
