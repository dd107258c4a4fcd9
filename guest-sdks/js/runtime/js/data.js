// Module k6/data: arrays that all VUs share, whose elements are decoded when they are read.
import native from 'brunt:native';

function frozen(value) {
  if (value !== null && typeof value === 'object') {
    for (const key of Object.keys(value)) frozen(value[key]);
    Object.freeze(value);
  }
  return value;
}

const refuse = () => {
  throw new TypeError('a SharedArray is read-only');
};

const isIndex = (key) => typeof key === 'string' && key !== '' && String(key >>> 0) === key;

// The target is an array of the same length with nothing in it: what is read comes from the engine.
function view(list) {
  const target = [];
  target.length = native.sharedLength(list);
  const item = (key) => frozen(native.sharedItem(list, Number(key)));
  const has = (key) => isIndex(key) && Number(key) < target.length;
  return new Proxy(target, {
    get: (_, key, receiver) => (isIndex(key) ? item(key) : Reflect.get(target, key, receiver)),
    has: (_, key) => has(key) || Reflect.has(target, key),
    ownKeys: () => [...Array(target.length).keys()].map(String).concat('length'),
    getOwnPropertyDescriptor: (_, key) =>
      has(key)
        ? { value: item(key), enumerable: true, configurable: true, writable: true }
        : Reflect.getOwnPropertyDescriptor(target, key),
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
    setPrototypeOf: refuse,
    preventExtensions: refuse,
  });
}

export class SharedArray {
  constructor(name, make) {
    if (!native.inInit()) throw new Error('a SharedArray can only be made while the script is initialised: make it outside of functions');
    if (String(name ?? '') === '') throw new TypeError('a SharedArray needs a name');
    if (typeof make !== 'function') throw new TypeError('a SharedArray needs a function that makes its elements');
    let list = native.sharedOpen(String(name));
    if (!list) {
      const items = native.once(make);
      if (!Array.isArray(items)) throw new TypeError(`SharedArray ${JSON.stringify(name)}: its function must return an array`);
      list = native.sharedCreate(String(name), items.map((item) => JSON.stringify(item) ?? 'null'));
    }
    return view(list);
  }
}

export default { SharedArray };
