// Module k6/secrets: secrets from the sources that the run was given, of which this version of brunt has none.

const none = (name) => ({
  async get(key) {
    if (typeof key !== 'string' || key === '') throw new TypeError('secrets.get() needs the name of a secret');
    throw new Error(`no secret source is configured${name === undefined ? '' : ` with the name ${JSON.stringify(name)}`}: this version of brunt has none; hand ${JSON.stringify(key)} over as a variable of the environment, and read it from __ENV`);
  },
});

export default { ...none(), source: (name) => none(String(name)) };
