// The algorithms of WebCrypto with pairs of keys: RSA, and elliptic curves.
import curves from 'brunt:native/curves';
import rsa from 'brunt:native/rsa';
import { failure, sure } from 'brunt:webcrypto/failure';
import {
  CryptoKey, NONE, bytesOf, checkedJwk, digest, fromBase64, hashOf, jwkOf, keyOf, material, pairOf, toBase64, unknownFormat,
} from 'brunt:webcrypto/keys';

// RSA

// Moduli that are accepted, in bits.
const SHORTEST = 1024;
const LONGEST = 8192;

const rsaAlgorithm = (name, key, hash) => ({
  name,
  modulusLength: rsa.bits(key),
  publicExponent: fromBase64(rsa.parts(key), 'e'),
  hash: { name: hash.name },
});

function rsaImported(format, data, extractable, name) {
  if (format === 'spki' || format === 'pkcs8') return [format === 'pkcs8', rsa.read(format === 'pkcs8', bytesOf(data, 'a key'))];
  if (format !== 'jwk') throw unknownFormat(format, name);
  const jwk = checkedJwk(data, 'RSA', extractable);
  const members = jwk.d === undefined ? ['n', 'e'] : ['n', 'e', 'd', 'p', 'q'];
  return [jwk.d !== undefined, rsa.of(members.map((member) => fromBase64(jwk, member)))];
}

const rsaNamed = (name, alg, secretUsages, openUsages, operations) => ({
  name,
  generate({ modulusLength, publicExponent, hash }, extractable, usages) {
    const known = hashOf(hash);
    if (!(modulusLength >= SHORTEST && modulusLength <= LONGEST)) {
      throw failure('OperationError', `a modulus of RSA has ${SHORTEST} to ${LONGEST} bits, not ${modulusLength}`);
    }
    const secret = sure(rsa.generate(modulusLength, bytesOf(publicExponent, 'publicExponent')), 'OperationError', 'there is no such key');
    return pairOf(rsaAlgorithm(name, secret, known), extractable, usages, { secret, secretUsages, open: rsa.public(secret), openUsages });
  },
  importKey(format, data, { hash }, extractable, usages) {
    const known = hashOf(hash);
    const [isPrivate, read] = rsaImported(format, data, extractable, name);
    const key = sure(read, 'DataError', 'this is no key of RSA that brunt can read');
    const possible = isPrivate ? secretUsages : openUsages;
    return keyOf(isPrivate ? 'private' : 'public', rsaAlgorithm(name, key, known), extractable, usages, possible, key);
  },
  exportKey(format, key) {
    if (format === (key.type === 'private' ? 'pkcs8' : 'spki')) return sure(rsa.der(material(key)), 'OperationError', 'the key could not be exported');
    if (format === 'jwk') return jwkOf(key, { kty: 'RSA', alg: alg(key.algorithm.hash.name.slice(4)), ...rsa.parts(material(key)) });
    if (format === 'pkcs8' || format === 'spki') throw failure('InvalidAccessError', `a ${key.type} key can't be exported as ${format}`);
    throw unknownFormat(format, name);
  },
  ...operations,
});

const hashed = (key, data) => [hashOf(key.algorithm.hash).called, digest(key.algorithm.hash, data)];

const signing = (saltOf) => ({
  sign: (given, key, data) => sure(rsa.sign(material(key), ...hashed(key, data), saltOf(given)), 'OperationError', 'the data could not be signed'),
  verify: (given, key, signature, data) => rsa.verify(material(key), ...hashed(key, data), signature, saltOf(given)),
});

const label = (given) => (given.label === undefined ? NONE : bytesOf(given.label, 'label'));
const hashNamed = (key) => hashOf(key.algorithm.hash).called;

const oaep = {
  encrypt: (given, key, data) =>
    sure(rsa.encrypt(material(key), hashNamed(key), data, label(given)), 'OperationError', 'the data could not be encrypted: it may be too long for the key'),
  decrypt: (given, key, data) => sure(rsa.decrypt(material(key), hashNamed(key), data, label(given)), 'OperationError', 'the data could not be decrypted'),
};

function saltOf({ saltLength }) {
  if (!(saltLength >= 0)) throw new TypeError('RSA-PSS needs a saltLength');
  return saltLength;
}

// Elliptic curves

const CURVES = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };

function curveOf({ namedCurve }) {
  if (!Object.hasOwn(CURVES, namedCurve)) {
    throw failure('NotSupportedError', `the curve ${JSON.stringify(namedCurve)} is not supported: it is ${Object.keys(CURVES).join(', ')}`);
  }
  return namedCurve;
}

function pointOf(jwk, curve) {
  const [x, y] = [fromBase64(jwk, 'x'), fromBase64(jwk, 'y')];
  if (x.length !== CURVES[curve] || y.length !== CURVES[curve]) throw failure('DataError', `a point on ${curve} has ${CURVES[curve]} bytes in x and in y`);
  return new Uint8Array([4, ...x, ...y]);
}

function curveImported(format, data, curve, extractable, name) {
  if (format === 'raw') return [false, curves.read(curve, 'point', bytesOf(data, 'a raw key'))];
  if (format === 'spki' || format === 'pkcs8') return [format === 'pkcs8', curves.read(curve, format, bytesOf(data, 'a key'))];
  if (format !== 'jwk') throw unknownFormat(format, name);
  const jwk = checkedJwk(data, 'EC', extractable);
  if (jwk.crv !== curve) throw failure('DataError', `the JSON Web Key is for the curve ${JSON.stringify(jwk.crv)} and not ${curve}`);
  if (jwk.d === undefined) return [false, curves.read(curve, 'point', pointOf(jwk, curve))];
  return [true, curves.read(curve, 'secret', fromBase64(jwk, 'd'))];
}

function curveJwk(key) {
  const point = new Uint8Array(curves.point(material(key))).subarray(1);
  const half = point.length / 2;
  const secret = key.type === 'private' ? { d: toBase64(new Uint8Array(curves.secret(material(key)))) } : {};
  const members = { x: toBase64(point.slice(0, half)), y: toBase64(point.slice(half)), ...secret };
  return jwkOf(key, { kty: 'EC', crv: key.algorithm.namedCurve, ...members });
}

const curveNamed = (name, secretUsages, openUsages, operations) => ({
  name,
  generate(given, extractable, usages) {
    const namedCurve = curveOf(given);
    const secret = curves.generate(namedCurve);
    return pairOf({ name, namedCurve }, extractable, usages, { secret, secretUsages, open: curves.public(secret), openUsages });
  },
  importKey(format, data, given, extractable, usages) {
    const namedCurve = curveOf(given);
    const [isPrivate, read] = curveImported(format, data, namedCurve, extractable, name);
    const key = sure(read, 'DataError', `this is no key on ${namedCurve} that brunt can read`);
    return keyOf(isPrivate ? 'private' : 'public', { name, namedCurve }, extractable, usages, isPrivate ? secretUsages : openUsages, key);
  },
  exportKey(format, key) {
    if (format === 'jwk') return curveJwk(key);
    if (format === 'raw' && key.type === 'public') return curves.point(material(key));
    if (format === (key.type === 'private' ? 'pkcs8' : 'spki')) return sure(curves.der(material(key)), 'OperationError', 'the key could not be exported');
    if (['raw', 'pkcs8', 'spki'].includes(format)) throw failure('InvalidAccessError', `a ${key.type} key can't be exported as ${format}`);
    throw unknownFormat(format, name);
  },
  ...operations,
});

const ecdsa = {
  sign: ({ hash }, key, data) => sure(curves.sign(material(key), digest(hash, data)), 'OperationError', 'the data could not be signed'),
  verify: ({ hash }, key, signature, data) => curves.verify(material(key), digest(hash, data), signature),
};

const ecdh = {
  derive(given, key, length) {
    const other = given.public;
    if (!(other instanceof CryptoKey) || other.type !== 'public' || other.algorithm.name !== 'ECDH') {
      throw failure('InvalidAccessError', 'ECDH needs the public key of the other side, for ECDH too');
    }
    if (other.algorithm.namedCurve !== key.algorithm.namedCurve) throw failure('InvalidAccessError', 'both keys must be on the same curve');
    const shared = sure(curves.shared(material(key), material(other)), 'OperationError', 'the keys have nothing in common');
    const bits = length ?? shared.byteLength * 8;
    if (bits % 8 !== 0 || bits > shared.byteLength * 8) throw failure('OperationError', `ECDH on ${key.algorithm.namedCurve} derives whole bytes, at most ${shared.byteLength * 8} bits, not ${bits}`);
    return shared.slice(0, bits / 8);
  },
};

const DERIVES = ['deriveKey', 'deriveBits'];

export const pairs = [
  rsaNamed('RSASSA-PKCS1-v1_5', (bits) => `RS${bits}`, ['sign'], ['verify'], signing(() => null)),
  rsaNamed('RSA-PSS', (bits) => `PS${bits}`, ['sign'], ['verify'], signing(saltOf)),
  rsaNamed('RSA-OAEP', (bits) => (bits === '1' ? 'RSA-OAEP' : `RSA-OAEP-${bits}`), ['decrypt', 'unwrapKey'], ['encrypt', 'wrapKey'], oaep),
  curveNamed('ECDSA', ['sign'], ['verify'], ecdsa),
  curveNamed('ECDH', DERIVES, [], ecdh),
];
