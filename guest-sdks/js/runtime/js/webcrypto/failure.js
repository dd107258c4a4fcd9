// The errors of WebCrypto, which differ by their names.

class Failure extends Error {
  constructor(name, message) {
    super(message);
    Object.defineProperty(this, 'name', { value: name, configurable: true, writable: true });
  }
}

export const failure = (name, message) => new Failure(name, message);

// A value, or an error where there is none.
export function sure(value, name, message) {
  if (value === undefined || value === null) throw failure(name, message);
  return value;
}
