// The globals of scripts.
import native from 'brunt:native';

const { defineProperty } = Object;

// As bundlers write it.
globalThis.global = globalThis;

Math.random = native.random;

const getter = (name, get) => defineProperty(globalThis, name, { get, configurable: true, enumerable: true });
getter('__VU', native.vuInTest);
getter('__ITER', () => (native.inIteration() ? native.vuIteration() : undefined));
getter('__ENV', native.environment);

// One argument of console.log, as text.
function shown(value) {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return `${value}${native.places(value.stack || '')}`;
  if (value !== null && typeof value === 'object') {
    try {
      return JSON.stringify(value) ?? String(value);
    } catch {
      return String(value);
    }
  }
  if (typeof value === 'function') return '[object Function]';
  return String(value);
}

const writer = (level) => (...values) => native.log(level, values.map(shown).join(' '));
globalThis.console = {
  debug: writer(0),
  log: writer(1),
  info: writer(1),
  warn: writer(2),
  error: writer(3),
};

const put = (name, value) => defineProperty(globalThis, name, { value, writable: true, configurable: true });

// What reads files of this machine. Modules from https:// get something else under the same name, and as it is asked for
// when the name is read, nothing of theirs that is called later or by others can get at it.
const { apply, ownKeys } = Reflect;
const guards = [];
function guarded(name, ours, theirs) {
  const get = () => {
    const foreigner = native.foreigner();
    return foreigner === undefined ? ours : theirs(foreigner);
  };
  const shown = { value: theirs('code that no file is known for'), writable: true, enumerable: false, configurable: true };
  guards[guards.length] = { get, shown };
  defineProperty(globalThis, name, { get, set: (value) => put(name, value), configurable: true });
}

// Nor does anybody get at the getters themselves: called by the script's own code, they would give what is the script's. Built
// on nothing that a script could have changed.
function unguarded(descriptor) {
  for (let at = 0; at < guards.length; at += 1) {
    if (descriptor !== undefined && descriptor.get === guards[at].get) return { ...guards[at].shown };
  }
  return descriptor;
}
for (const holder of [Object, Reflect]) {
  const original = holder.getOwnPropertyDescriptor;
  holder.getOwnPropertyDescriptor = function getOwnPropertyDescriptor(object, name) {
    return unguarded(original(object, name));
  };
}
const descriptorsOf = Object.getOwnPropertyDescriptors;
Object.getOwnPropertyDescriptors = function getOwnPropertyDescriptors(object) {
  const descriptors = descriptorsOf(object);
  const names = ownKeys(descriptors);
  for (let at = 0; at < names.length; at += 1) descriptors[names[at]] = unguarded(descriptors[names[at]]);
  return descriptors;
};
const lookUp = Object.prototype.__lookupGetter__;
const lookupGetter = function __lookupGetter__(name) {
  const found = { get: apply(lookUp, this, [name]) };
  return unguarded(found) === found ? found.get : undefined;
};
defineProperty(Object.prototype, '__lookupGetter__', { value: lookupGetter, writable: true, configurable: true });

function open(path, mode = '') {
  if (typeof path !== 'string' || path === '') throw new TypeError("open() can't be used with an empty filename");
  return native.open(path, mode === 'b');
}
guarded('open', open, (foreigner) => () => {
  throw new Error(`open() is not for modules from https://, which see no files of this machine: called by ${foreigner}`);
});
guarded('require', native.require(), native.require);

function timer(repeated) {
  return (callback, millis = 0, ...values) => {
    if (typeof callback !== 'function') throw new TypeError('a timer needs a function to call');
    return native.setTimer(callback, Number(millis) || 0, repeated, ...values);
  };
}
globalThis.setTimeout = timer(false);
globalThis.setInterval = timer(true);
globalThis.clearTimeout = native.clearTimer;
globalThis.clearInterval = native.clearTimer;

// Globals that few scripts use: their module is evaluated when one of them is first asked for.
function lazily(module, ...names) {
  const make = () => Object.entries(native.evaluate(module)).forEach(([name, value]) => put(name, value));
  for (const name of names) {
    const get = () => (make(), globalThis[name]);
    defineProperty(globalThis, name, { get, set: (value) => put(name, value), configurable: true });
  }
}
lazily('brunt:text', 'TextEncoder', 'TextDecoder');
lazily('brunt:webcrypto', 'crypto');

defineProperty(globalThis, Symbol.for('brunt.exports'), { value: native.exportsOf });
