// Module k6/crypto/x509: what certificates say.
import native from 'brunt:native/x509';

export const parse = (encoded) => native.parse(encoded);
export const getAltNames = (encoded) => native.altNames(encoded);
export const getIssuer = (encoded) => native.issuer(encoded);
export const getSubject = (encoded) => native.subject(encoded);

export default { parse, getAltNames, getIssuer, getSubject };
