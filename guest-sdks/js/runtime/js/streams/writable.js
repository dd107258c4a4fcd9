// Streams that are written.
import { Queue, attempt, deferred, methodOf } from 'brunt:streams/queue';

const STATE = Symbol('state');

export class WritableStream {
  constructor(sink, strategy) {
    if (sink === null) throw new TypeError('the sink of a stream must be an object');
    if (sink?.type !== undefined) throw new RangeError('the sink of a stream has no type');
    const state = {
      status: 'writable', error: undefined, queue: new Queue(strategy), started: false, busy: false, writer: undefined, controller: undefined,
      write: methodOf(sink, 'write'), close: methodOf(sink, 'close'), abort: methodOf(sink, 'abort'),
    };
    Object.defineProperty(this, STATE, { value: state });
    state.controller = new WritableStreamDefaultController(this);
    const begun = methodOf(sink, 'start')(state.controller);
    Promise.resolve(begun).then(() => {
      state.started = true;
      advance(state);
    }, (error) => fail(state, error));
  }

  get locked() {
    return this[STATE].writer !== undefined;
  }

  getWriter() {
    return new WritableStreamDefaultWriter(this);
  }

  async abort(reason) {
    if (this.locked) throw new TypeError('the stream is locked to a writer');
    return abort(this[STATE], reason);
  }

  async close() {
    if (this.locked) throw new TypeError('the stream is locked to a writer');
    return close(this[STATE]);
  }
}

export class WritableStreamDefaultController {
  constructor(stream) {
    if (!stream?.[STATE] || stream[STATE].controller) throw new TypeError('a controller is made by its stream');
    Object.defineProperty(this, STATE, { value: stream[STATE] });
  }

  error(reason) {
    fail(this[STATE], reason);
  }
}

export class WritableStreamDefaultWriter {
  constructor(stream) {
    if (!stream?.[STATE]) throw new TypeError('a writer needs a WritableStream');
    if (stream.locked) throw new TypeError('the stream is locked to a writer');
    const state = stream[STATE];
    Object.defineProperty(this, STATE, { value: { stream: state, closed: deferred(), ready: deferred() } });
    state.writer = this;
    if (state.status === 'closed') this[STATE].closed.resolve();
    if (state.status === 'errored') this[STATE].closed.reject(state.error);
    tell(state);
  }

  get closed() {
    return this[STATE].closed.promise;
  }

  // Settled once the stream wants more.
  get ready() {
    return this[STATE].ready.promise;
  }

  get desiredSize() {
    const { status, queue } = this.#stream();
    if (status === 'errored') return null;
    return status === 'closed' ? 0 : queue.room;
  }

  async write(chunk) {
    return write(this.#stream(), chunk);
  }

  async close() {
    return close(this.#stream());
  }

  async abort(reason) {
    return abort(this.#stream(), reason);
  }

  releaseLock() {
    const own = this[STATE];
    if (!own.stream) return;
    const error = new TypeError('the writer has released its stream');
    own.stream.writer = undefined;
    own.stream = undefined;
    for (const name of ['closed', 'ready']) {
      own[name].reject(error);
      own[name] = deferred();
      own[name].reject(error);
    }
  }

  #stream() {
    const { stream } = this[STATE];
    if (!stream) throw new TypeError('the writer has released its stream');
    return stream;
  }
}

function write(state, chunk) {
  if (state.status === 'errored') throw state.error;
  if (state.status !== 'writable') throw new TypeError('the stream is closed, or is being closed');
  let size;
  try {
    size = state.queue.sizeOf(chunk);
  } catch (error) {
    fail(state, error);
    throw error;
  }
  return queued(state, { ...deferred(), run: () => state.write(chunk, state.controller) }, size);
}

function close(state) {
  if (state.status === 'errored') throw state.error;
  if (state.status !== 'writable') throw new TypeError('the stream is closed, or is being closed');
  state.status = 'closing';
  const ending = async () => {
    await state.close();
    state.status = 'closed';
    state.writer?.[STATE].closed.resolve();
  };
  return queued(state, { ...deferred(), run: ending }, 0);
}

function queued(state, job, size) {
  state.queue.push(job, size);
  tell(state);
  advance(state);
  return job.promise;
}

// Runs what waits, one after the other.
function advance(state) {
  if (!state.started || state.busy || state.queue.length === 0) return;
  const job = state.queue.first;
  state.busy = true;
  attempt(job.run).then(() => {
    state.busy = false;
    if (state.status !== 'errored') state.queue.shift();
    job.resolve();
    tell(state);
    advance(state);
  }, (error) => {
    state.busy = false;
    job.reject(error);
    fail(state, error);
  });
}

// Tells the writer whether more is wanted.
function tell(state) {
  const writer = state.writer?.[STATE];
  if (!writer) return;
  if (state.status === 'errored') {
    writer.ready.reject(state.error);
  } else if (state.queue.room > 0 || state.status !== 'writable') {
    writer.waits = false;
    writer.ready.resolve();
  } else if (!writer.waits) {
    writer.waits = true;
    writer.ready = deferred();
  }
}

function fail(state, error) {
  if (state.status === 'closed' || state.status === 'errored') return;
  state.status = 'errored';
  state.error = error;
  const jobs = state.queue.empty();
  jobs.slice(state.busy ? 1 : 0).forEach((job) => job.reject(error));
  state.writer?.[STATE].closed.reject(error);
  tell(state);
}

async function abort(state, reason) {
  if (state.status === 'closed' || state.status === 'errored') return;
  fail(state, reason);
  await state.abort(reason);
}
