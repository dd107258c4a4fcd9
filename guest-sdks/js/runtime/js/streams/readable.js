// Streams that are read.
import { Queue, attempt, deferred, methodOf } from 'brunt:streams/queue';

const STATE = Symbol('state');

export class ReadableStream {
  constructor(source, strategy) {
    if (source === null) throw new TypeError('the source of a stream must be an object');
    if (![undefined, 'default'].includes(source?.type)) throw new RangeError(`a stream of type ${JSON.stringify(source.type)} is not supported: the type is "default"`);
    const state = {
      status: 'readable', error: undefined, queue: new Queue(strategy), started: false, pulling: false, again: false, closing: false,
      reader: undefined, pull: methodOf(source, 'pull'), cancel: methodOf(source, 'cancel'), controller: undefined,
    };
    Object.defineProperty(this, STATE, { value: state });
    state.controller = new ReadableStreamDefaultController(this);
    const begun = methodOf(source, 'start')(state.controller);
    Promise.resolve(begun).then(() => {
      state.started = true;
      pull(state);
    }, (error) => fail(state, error));
  }

  get locked() {
    return this[STATE].reader !== undefined;
  }

  async cancel(reason) {
    if (this.locked) throw new TypeError('the stream is locked to a reader');
    return cancel(this[STATE], reason);
  }

  getReader({ mode } = {}) {
    if (mode !== undefined) throw new TypeError(`a reader of mode ${JSON.stringify(mode)} is not supported`);
    return new ReadableStreamDefaultReader(this);
  }
}

export class ReadableStreamDefaultController {
  constructor(stream) {
    if (!stream?.[STATE] || stream[STATE].controller) throw new TypeError('a controller is made by its stream');
    Object.defineProperty(this, STATE, { value: stream[STATE] });
  }

  get desiredSize() {
    const { status, queue } = this[STATE];
    if (status === 'errored') return null;
    return status === 'closed' ? 0 : queue.room;
  }

  enqueue(chunk) {
    const state = this[STATE];
    if (state.status !== 'readable' || state.closing) throw new TypeError(`the stream is ${state.closing ? 'closed' : state.status}: nothing can be enqueued`);
    const waiting = state.reader?.[STATE].waiting.shift();
    if (waiting) waiting.resolve({ value: chunk, done: false });
    else add(state, chunk);
    pull(state);
  }

  close() {
    const state = this[STATE];
    if (state.status !== 'readable' || state.closing) throw new TypeError('the stream is closed already, or has failed');
    state.closing = true;
    if (state.queue.length === 0) close(state);
  }

  error(reason) {
    fail(this[STATE], reason);
  }
}

export class ReadableStreamDefaultReader {
  constructor(stream) {
    if (!stream?.[STATE]) throw new TypeError('a reader needs a ReadableStream');
    if (stream.locked) throw new TypeError('the stream is locked to a reader');
    Object.defineProperty(this, STATE, { value: { stream: stream[STATE], waiting: [], closed: deferred() } });
    const state = stream[STATE];
    state.reader = this;
    if (state.status === 'closed') this[STATE].closed.resolve();
    if (state.status === 'errored') this[STATE].closed.reject(state.error);
  }

  get closed() {
    return this[STATE].closed.promise;
  }

  async read() {
    const { stream: state, waiting } = this[STATE];
    if (!state) throw new TypeError('the reader has released its stream');
    if (state.status === 'closed') return { value: undefined, done: true };
    if (state.status === 'errored') throw state.error;
    if (state.queue.length === 0) {
      const read = deferred();
      waiting.push(read);
      pull(state);
      return read.promise;
    }
    const value = state.queue.shift();
    if (state.closing && state.queue.length === 0) close(state);
    else pull(state);
    return { value, done: false };
  }

  async cancel(reason) {
    const { stream } = this[STATE];
    if (!stream) throw new TypeError('the reader has released its stream');
    return cancel(stream, reason);
  }

  releaseLock() {
    const own = this[STATE];
    if (!own.stream) return;
    const error = new TypeError('the reader has released its stream');
    own.stream.reader = undefined;
    own.stream = undefined;
    own.waiting.splice(0).forEach((read) => read.reject(error));
    own.closed.reject(error);
    own.closed = deferred();
    own.closed.reject(error);
  }
}

function add(state, chunk) {
  try {
    state.queue.push(chunk, state.queue.sizeOf(chunk));
  } catch (error) {
    fail(state, error);
    throw error;
  }
}

// Asks the source for more, where more is wanted and it is not asked already.
function pull(state) {
  const wanted = state.queue.room > 0 || state.reader?.[STATE].waiting.length > 0;
  if (state.status !== 'readable' || state.closing || !state.started || !wanted) return;
  if (state.pulling) {
    state.again = true;
    return;
  }
  state.pulling = true;
  attempt(() => state.pull(state.controller)).then(() => {
    state.pulling = false;
    if (!state.again) return;
    state.again = false;
    pull(state);
  }, (error) => fail(state, error));
}

function close(state) {
  state.status = 'closed';
  const reader = state.reader?.[STATE];
  reader?.waiting.splice(0).forEach((read) => read.resolve({ value: undefined, done: true }));
  reader?.closed.resolve();
}

function fail(state, error) {
  if (state.status !== 'readable') return;
  state.status = 'errored';
  state.error = error;
  state.queue.empty();
  const reader = state.reader?.[STATE];
  reader?.waiting.splice(0).forEach((read) => read.reject(error));
  reader?.closed.reject(error);
}

async function cancel(state, reason) {
  if (state.status === 'closed') return;
  if (state.status === 'errored') throw state.error;
  state.queue.empty();
  close(state);
  await state.cancel(reason);
}
