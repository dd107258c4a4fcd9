// Module k6: checks, groups, sleeping, failing.
import native from 'brunt:native';

const AsyncFunction = (async () => {}).constructor;

const asynchronous = (name) => new TypeError(`check ${JSON.stringify(name)}: a condition can't be an async function`);

export function check(value, sets, tags) {
  if (sets === null || typeof sets !== 'object') throw new TypeError('check() needs an object of conditions');
  let all = true;
  // Not `for in`, which asks all prototypes too.
  for (const name of Object.keys(sets)) {
    const condition = sets[name];
    let passed = condition;
    if (typeof condition === 'function') {
      if (condition instanceof AsyncFunction) throw asynchronous(name);
      try {
        passed = condition(value);
      } catch (error) {
        native.check(name, false, tags);
        throw error;
      }
      if (typeof passed === 'object' && passed instanceof Promise) throw asynchronous(name);
    }
    if (!native.check(name, Boolean(passed), tags)) all = false;
  }
  return all;
}

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
