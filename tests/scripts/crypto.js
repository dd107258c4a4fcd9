import crypto, { createHash, createHMAC, hexEncode, hmac, randomBytes } from 'k6/crypto';
import encoding from 'k6/encoding';
import { fails, same } from './same.js';

// Of the specifications of the digests, but for "hello world!", which k6's documentation uses.
const ABC = {
  md4: 'a448017aaf21d8525fc10ae87aa6729d',
  md5: '900150983cd24fb0d6963f7d28e17f72',
  sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
  sha224: '23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7',
  sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  sha384: 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  sha512: 'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  sha512_224: '4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa',
  sha512_256: '53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23',
  ripemd160: '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc',
};

// RFC 2202, RFC 4231, test case 2: key "Jefe".
const JEFE = {
  md5: '750c783e6ab0b503eaa86e310a5db738',
  sha1: 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
  sha224: 'a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44',
  sha256: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  sha384: 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
  sha512: '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
};

const bytes = (buffer) => [...new Uint8Array(buffer)];

export default function () {
  for (const name in ABC) {
    same(name, crypto[name]('abc', 'hex'), ABC[name]);
    const hasher = createHash(name);
    hasher.update('a');
    hasher.update(new Uint8Array([98, 99]).buffer);
    same(`createHash ${name}`, hasher.digest('hex'), ABC[name]);
  }
  for (const name in JEFE) {
    same(`hmac ${name}`, hmac(name, 'Jefe', 'what do ya want for nothing?', 'hex'), JEFE[name]);
    const hasher = createHMAC(name, 'Jefe');
    hasher.update('what do ya want ');
    hasher.update('for nothing?');
    same(`createHMAC ${name}`, hasher.digest('hex'), JEFE[name]);
  }
  encodings();
  going_on();
  random();
  wrong();
}

function encodings() {
  same('base64', crypto.sha1('hello world!', 'base64'), 'QwzjTQIHJO11oZbfwq1nx3dy0Wk=');
  same('base64url', crypto.sha256('>>>', 'base64url'), '6TUhsvOZIRFAobxAn66GtB9SVq4y0oyvZGKN0eJ0jyU=');
  same('base64rawurl', crypto.md5('hello world!', 'base64rawurl'), '_D_5joxqDTCH1RXARz-Gdw');
  same('binary', bytes(crypto.md5('abc', 'binary')).map((byte) => byte.toString(16).padStart(2, '0')).join(''), ABC.md5);
  same('bytes of UTF-8', crypto.sha1('é', 'hex'), crypto.sha1(new Uint8Array([0xc3, 0xa9]), 'hex'));
  same('a part of a buffer', crypto.md5(new Uint8Array(new Uint8Array([0, 97, 98, 99, 0]).buffer, 1, 3), 'hex'), ABC.md5);
  same('hexEncode', hexEncode('hi'), '6869');
  same('the digest that is sent in a header', encoding.b64encode(crypto.md5('abc', 'binary')), crypto.md5('abc', 'base64'));
}

// A digest that was told goes on.
function going_on() {
  const hasher = createHash('md5');
  same('nothing', hasher.digest('hex'), 'd41d8cd98f00b204e9800998ecf8427e');
  hasher.update('abc');
  same('more', hasher.digest('hex'), ABC.md5);
  same('the same again', hasher.digest('hex'), ABC.md5);
}

function random() {
  same('a size', randomBytes(42).byteLength, 42);
  same('a large size', randomBytes(70000).byteLength, 70000);
  same('no bytes twice', crypto.md5(randomBytes(16), 'hex') === crypto.md5(randomBytes(16), 'hex'), false);
}

function wrong() {
  fails('a size of none', () => randomBytes(0), 'Error: invalid size');
  fails('a size that is none', () => randomBytes('x'), 'Error: invalid size');
  fails('an unknown algorithm', () => createHash('sha3'), 'Error: invalid algorithm: sha3; it is md4, md5,');
  fails('an unknown algorithm of an HMAC', () => hmac('crc', 'k', 'x', 'hex'), 'Error: invalid algorithm: crc');
  fails('an unknown encoding', () => crypto.md5('x', 'octal'), 'Error: invalid output encoding: octal; it is hex,');
  fails('no encoding', () => crypto.md5('x'), 'Error: invalid output encoding: undefined');
  fails('an object', () => crypto.md5({}, 'hex'), 'TypeError: invalid type object, expected a string, an ArrayBuffer');
  fails('nothing', () => crypto.md5(undefined, 'hex'), 'TypeError: invalid type undefined');
  fails('a number as a secret', () => createHMAC('md5', 7), 'TypeError: invalid type int');
}
