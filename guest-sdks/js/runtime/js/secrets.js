// Module k6/secrets: secrets from the sources that the run was given, which the log does not show.
import native from 'brunt:native/secrets';

class SecretSource {
  #name;

  constructor(name) {
    this.#name = name;
  }

  async get(key) {
    if (typeof key !== 'string' || key === '') throw new TypeError('secrets.get() needs the name of a secret');
    return native.get(key, this.#name);
  }
}

const usual = new SecretSource();

export default {
  get: (key) => usual.get(key),
  source: (name) => new SecretSource(String(name)),
};
