// Module k6/encoding: base64.
import native from 'brunt:native';

export function b64encode(input, encoding = 'std') {
  return native.b64encode(input, encoding);
}

// An ArrayBuffer, or text when the format is "s".
export function b64decode(input, encoding = 'std', format = '') {
  return native.b64decode(String(input), encoding, format === 's');
}

export default { b64encode, b64decode };
