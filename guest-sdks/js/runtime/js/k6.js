// Module k6: checks, groups, sleeping, failing.
import native from 'brunt:native';

const AsyncFunction = (async () => {}).constructor;

// Each condition is called with the value and counted.
export const { check } = native;

export function group(name, body) {
  if (typeof body !== 'function') throw new TypeError('group() needs a function');
  if (body instanceof AsyncFunction) throw new TypeError("group() can't take an async function");
  if (String(name).includes('::')) throw new Error("the name of a group can't contain '::'");
  native.beginGroup(String(name));
  try {
    return body();
  } finally {
    native.endGroup();
  }
}

export function sleep(seconds) {
  native.sleep(Number(seconds));
}

export function fail(why = 'fail() was called') {
  throw new Error(why);
}

export function randomSeed(seed) {
  native.randomSeed(Number(seed));
}

export default { check, group, sleep, fail, randomSeed };
