// What waits in a stream, and how much of it there may be.

function markOf(given, usual) {
  const mark = given === undefined ? usual : Number(given);
  if (!(mark >= 0)) throw new RangeError(`a stream's highWaterMark must be a number from 0 on, not ${given}`);
  return mark;
}

export class CountQueuingStrategy {
  #mark;

  constructor({ highWaterMark } = {}) {
    this.#mark = markOf(highWaterMark, 1);
  }

  get highWaterMark() {
    return this.#mark;
  }

  size() {
    return 1;
  }
}

// Chunks with their sizes, by a queuing strategy.
export class Queue {
  #items = [];
  #total = 0;
  #mark;
  #size;

  constructor(strategy) {
    if (strategy?.size !== undefined && typeof strategy.size !== 'function') throw new TypeError("a strategy's size must be a function");
    this.#mark = markOf(strategy?.highWaterMark, 1);
    this.#size = strategy?.size ? (chunk) => strategy.size(chunk) : () => 1;
  }

  get length() {
    return this.#items.length;
  }

  // How much more it wants.
  get room() {
    return this.#mark - this.#total;
  }

  get first() {
    return this.#items[0]?.item;
  }

  sizeOf(chunk) {
    const size = Number(this.#size(chunk));
    if (!(size >= 0) || size === Infinity) throw new RangeError(`a chunk's size must be a finite number from 0 on, not ${size}`);
    return size;
  }

  push(item, size) {
    this.#items.push({ item, size });
    this.#total += size;
  }

  shift() {
    const { item, size } = this.#items.shift();
    this.#total = this.#items.length === 0 ? 0 : this.#total - size;
    return item;
  }

  // Takes everything out.
  empty() {
    const items = this.#items.map(({ item }) => item);
    this.#items = [];
    this.#total = 0;
    return items;
  }
}

// A promise with what settles it; that it is rejected is no failure of its own.
export function deferred() {
  const parts = Promise.withResolvers();
  parts.promise.catch(() => {});
  return parts;
}

// What a source or a sink does when it is called: nothing where it has no such method.
export function methodOf(object, name) {
  const method = object?.[name];
  if (method !== undefined && typeof method !== 'function') throw new TypeError(`${name} must be a function`);
  return (...values) => method?.apply(object, values);
}

// The result of a call as a promise, also where it throws.
export async function attempt(call) {
  return call();
}
