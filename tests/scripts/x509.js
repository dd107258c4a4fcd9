import x509 from 'k6/crypto/x509';
import { fails, same } from './same.js';

const pem = open('certificates/rsa.pem');
const others = { ec: open('certificates/ec.pem'), dsa: open('certificates/dsa.pem'), ed: open('certificates/ed25519.pem') };

const hex = (numbers) => numbers.map((byte) => byte.toString(16).padStart(2, '0')).join('');

export default function () {
  const certificate = x509.parse(pem);
  const issuer = {
    commonName: 'brunt.test', country: 'DE', stateOrProvinceName: 'Berlin', localityName: 'Mitte', organizationName: 'Brunt',
    names: [
      { type: '2.5.4.6', value: 'DE' }, { type: '2.5.4.8', value: 'Berlin' }, { type: '2.5.4.7', value: 'Mitte' },
      { type: '2.5.4.10', value: 'Brunt' }, { type: '2.5.4.11', value: 'Load' }, { type: '2.5.4.11', value: 'Test' },
      { type: '2.5.4.3', value: 'brunt.test' }, { type: '2.5.4.17', value: '10115' }, { type: '2.5.4.9', value: 'Main 1' },
    ],
  };
  const subject = { ...issuer, postalCode: '10115', streetAddress: 'Main 1', organizationalUnitName: ['Load', 'Test'] };
  const names = ['brunt.test', 'www.brunt.test', 'a@brunt.test', '127.0.0.1', '::1', 'https://brunt.test/x'];
  same('issuer', certificate.issuer, issuer);
  same('subject', certificate.subject, subject);
  same('getIssuer', x509.getIssuer(pem), issuer);
  same('getSubject', x509.getSubject(pem), subject);
  same('altNames', certificate.altNames, names);
  same('getAltNames', x509.getAltNames(pem), names);
  same('validity', [certificate.notBefore, certificate.notAfter], ['2026-11-26T01:05:39Z', '2036-11-23T01:05:39Z']);
  same('fingerPrint', hex(certificate.fingerPrint), '42cbbd40bfaa9ae6da27c84a6d51be1b7e6c48b4');
  same('signatureAlgorithm', certificate.signatureAlgorithm, 'SHA256-RSA');
  const { algorithm, key } = certificate.publicKey;
  same('an RSA key', [algorithm, key.e, key.n.length, hex(key.n.slice(0, 4))], ['RSA', 65537, 256, 'ac8adf97']);

  const curve = x509.parse(others.ec);
  const point = [curve.publicKey.key.curve, curve.publicKey.key.x.length, curve.publicKey.key.y.length];
  same('an ECDSA key', [curve.publicKey.algorithm, ...point, curve.signatureAlgorithm], ['ECDSA', 'P-256', 32, 32, 'ECDSA-SHA384']);
  same('no names', [curve.altNames, curve.subject.country, curve.subject.organizationalUnitName], [[], '', []]);
  const dsa = x509.parse(others.dsa);
  same('a DSA key', [dsa.publicKey.algorithm, Object.keys(dsa.publicKey.key.parameters), dsa.publicKey.key.parameters.p.length], ['DSA', ['p', 'q', 'g'], 128]);

  fails('no PEM', () => x509.parse('foo'), 'Error: failed to decode certificate PEM file');
  const broken = '-----BEGIN CERTIFICATE-----\naGk=\n-----END CERTIFICATE-----';
  fails('no certificate', () => x509.getSubject(broken), 'Error: failed to parse certificate: ');
  fails('a key of another kind', () => x509.parse(others.ed), 'Error: unsupported public key algorithm');
  same('of which the names are known', x509.getSubject(others.ed).commonName, 'ed.test');
}
