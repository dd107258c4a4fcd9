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

globalThis.open = function open(path, mode = '') {
  if (typeof path !== 'string' || path === '') throw new TypeError("open() can't be used with an empty filename");
  return native.open(path, mode === 'b');
};

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
  const put = (name, value) => defineProperty(globalThis, name, { value, writable: true, configurable: true });
  const make = () => Object.entries(native.evaluate(module)).forEach(([name, value]) => put(name, value));
  for (const name of names) {
    const get = () => (make(), globalThis[name]);
    defineProperty(globalThis, name, { get, set: (value) => put(name, value), configurable: true });
  }
}
lazily('brunt:text', 'TextEncoder', 'TextDecoder');
lazily('brunt:webcrypto', 'crypto');

defineProperty(globalThis, Symbol.for('brunt.exports'), { value: native.exportsOf });
