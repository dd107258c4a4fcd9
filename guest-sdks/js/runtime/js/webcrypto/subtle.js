// crypto.subtle: which algorithm does what is asked, and whether the key may be used for it.
import { failure } from 'brunt:webcrypto/failure';
import { CryptoKey, bytesOf, digest } from 'brunt:webcrypto/keys';
import { pairs } from 'brunt:webcrypto/pairs';
import { secrets } from 'brunt:webcrypto/secrets';

const ALGORITHMS = [...secrets, ...pairs];

// The algorithm that can do this, with what it was given.
function algorithmOf(given, operation) {
  const name = typeof given === 'string' ? given : given?.name;
  if (typeof name !== 'string') throw new TypeError('an algorithm is a name, or an object with one');
  const found = ALGORITHMS.find((one) => one.name.toUpperCase() === name.toUpperCase());
  if (!found?.[operation]) {
    const able = ALGORITHMS.filter((one) => one[operation]).map((one) => one.name);
    throw failure('NotSupportedError', `${JSON.stringify(name)} is not supported here: it is ${able.join(', ')}`);
  }
  return [found, typeof given === 'string' ? {} : given];
}

// The algorithm, where this is a key for it that may be used so.
function withKey(given, key, usage, operation) {
  const [algorithm, params] = algorithmOf(given, operation);
  if (!(key instanceof CryptoKey)) throw new TypeError('this is no CryptoKey');
  if (key.algorithm.name !== algorithm.name) {
    throw failure('InvalidAccessError', `the key is for ${key.algorithm.name} and not for ${algorithm.name}`);
  }
  if (!key.usages.includes(usage)) throw failure('InvalidAccessError', `the key may not be used for ${usage}: it may for ${key.usages.join(', ') || 'nothing'}`);
  return [algorithm, params];
}

class SubtleCrypto {
  async digest(hash, data) {
    return digest(hash, bytesOf(data)).buffer;
  }

  async encrypt(given, key, data) {
    const [algorithm, params] = withKey(given, key, 'encrypt', 'encrypt');
    return algorithm.encrypt(params, key, bytesOf(data));
  }

  async decrypt(given, key, data) {
    const [algorithm, params] = withKey(given, key, 'decrypt', 'decrypt');
    return algorithm.decrypt(params, key, bytesOf(data));
  }

  async sign(given, key, data) {
    const [algorithm, params] = withKey(given, key, 'sign', 'sign');
    return algorithm.sign(params, key, bytesOf(data));
  }

  async verify(given, key, signature, data) {
    const [algorithm, params] = withKey(given, key, 'verify', 'verify');
    return algorithm.verify(params, key, bytesOf(signature, 'the signature'), bytesOf(data));
  }

  async generateKey(given, extractable, usages) {
    const [algorithm, params] = algorithmOf(given, 'generate');
    return algorithm.generate(params, extractable, [...usages]);
  }

  async importKey(format, data, given, extractable, usages) {
    const [algorithm, params] = algorithmOf(given, 'importKey');
    return algorithm.importKey(format, data, params, extractable, [...usages]);
  }

  async exportKey(format, key) {
    if (!(key instanceof CryptoKey)) throw new TypeError('this is no CryptoKey');
    const [algorithm] = algorithmOf(key.algorithm, 'exportKey');
    if (!key.extractable) throw failure('InvalidAccessError', 'the key is not extractable');
    return algorithm.exportKey(format, key);
  }

  async deriveBits(given, key, length) {
    const [algorithm, params] = withKey(given, key, 'deriveBits', 'derive');
    return algorithm.derive(params, key, length);
  }

  async deriveKey(given, key, wanted, extractable, usages) {
    const [algorithm, params] = withKey(given, key, 'deriveKey', 'derive');
    const [target, options] = algorithmOf(wanted, 'keyLength');
    const bits = algorithm.derive(params, key, target.keyLength(options));
    return target.importKey('raw', bits, options, extractable, [...usages]);
  }

  async wrapKey() {
    throw failure('NotSupportedError', 'wrapKey() is not supported: export the key, and encrypt it');
  }

  async unwrapKey() {
    throw failure('NotSupportedError', 'unwrapKey() is not supported: decrypt the key, and import it');
  }
}

export const subtle = new SubtleCrypto();
