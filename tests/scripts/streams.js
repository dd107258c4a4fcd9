import streams, { CountQueuingStrategy, ReadableStream, WritableStream } from 'k6/experimental/streams';
import { rejects, fails, same } from './same.js';

const wait = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

async function read(stream) {
  const [reader, values] = [stream.getReader(), []];
  for (let one = await reader.read(); !one.done; one = await reader.read()) values.push(one.value);
  return values;
}

const of = (...values) => new ReadableStream({
  start(controller) {
    values.forEach((value) => controller.enqueue(value));
    controller.close();
  },
});

export default async function () {
  await reading();
  await failing();
  await writing();
}

async function reading() {
  same('enqueued', await read(of(1, 'two', { three: 3 })), [1, 'two', { three: 3 }]);
  let next = 0;
  const pulled = new ReadableStream({ pull: (controller) => (next < 3 ? controller.enqueue(next++) : controller.close()) });
  same('pulled', await read(pulled), [0, 1, 2]);
  let late = 0;
  const timed = new ReadableStream({
    async pull(controller) {
      await wait(1);
      late += 1;
      if (late > 3) controller.close();
      else controller.enqueue(late);
    },
  });
  same('pulled later', await read(timed), [1, 2, 3]);
  const ticking = new ReadableStream({
    start(controller) {
      let ticks = 0;
      const timer = setInterval(() => {
        ticks += 1;
        controller.enqueue(ticks);
        if (ticks < 3) return;
        clearInterval(timer);
        controller.close();
      }, 1);
    },
  });
  same('by a timer', await read(ticking), [1, 2, 3]);
  let asked = 0;
  const held = new ReadableStream({ pull: (controller) => controller.enqueue(asked++) }, new CountQueuingStrategy({ highWaterMark: 3 }));
  await wait(1);
  same('no more than the mark', [asked, held.locked, new CountQueuingStrategy({ highWaterMark: 3 }).size()], [3, false, 1]);
  const sized = new ReadableStream({ start: (controller) => { controller.enqueue('four'); same('desiredSize', controller.desiredSize, 6); } }, { highWaterMark: 10, size: (chunk) => chunk.length });
  same('sized', (await sized.getReader().read()).value, 'four');
  let reason;
  const cancelled = new ReadableStream({ start: (controller) => controller.enqueue(1), cancel: (why) => { reason = why; } });
  await cancelled.cancel('enough');
  same('cancelled', [reason, await cancelled.getReader().read()], ['enough', { value: undefined, done: true }]);
  const shared = of(1, 2);
  const first = shared.getReader();
  same('locked', shared.locked, true);
  fails('a second reader', () => shared.getReader(), 'TypeError: the stream is locked to a reader');
  await first.read();
  first.releaseLock();
  same('released', (await shared.getReader().read()).value, 2);
  await rejects('the first reader', first.read(), 'TypeError: the reader has released its stream');
  same('by default', Object.keys(streams).length, 7);
}

async function failing() {
  const broken = new ReadableStream({ start: (controller) => controller.error(new RangeError('mine')) });
  const reader = broken.getReader();
  await rejects('an error', reader.read(), 'RangeError: mine');
  await rejects('the end of it', reader.closed, 'RangeError: mine');
  const throwing = new ReadableStream({ pull: () => { throw new Error('pulled'); } });
  await rejects('an error of pull', throwing.getReader().read(), 'Error: pulled');
  fails('an error of start', () => new ReadableStream({ start: () => { throw new Error('started'); } }), 'Error: started');
  fails('bytes', () => new ReadableStream({ type: 'bytes' }), 'RangeError: a stream of type "bytes" is not supported');
  fails('a mark that is none', () => new ReadableStream({}, { highWaterMark: -1 }), "RangeError: a stream's highWaterMark must be a number");
  fails('a source that is none', () => new ReadableStream({ pull: 7 }), 'TypeError: pull must be a function');
  new ReadableStream({
    start(controller) {
      controller.close();
      fails('after the end', () => controller.enqueue(1), 'TypeError: the stream is closed: nothing can be enqueued');
    },
  });
}

async function writing() {
  const written = [];
  const stream = new WritableStream({
    start: () => written.push('start'),
    write: async (chunk) => { await wait(1); written.push(chunk); },
    close: () => written.push('close'),
  });
  const writer = stream.getWriter();
  writer.write(1);
  same('desiredSize', writer.desiredSize, 0);
  await writer.ready;
  await writer.write(2);
  await writer.close();
  await writer.closed;
  same('written', written, ['start', 1, 2, 'close']);
  await rejects('after the end', writer.write(3), 'TypeError: the stream is closed, or is being closed');
  const broken = new WritableStream({ write: () => { throw new RangeError('full'); } }).getWriter();
  await rejects('an error of write', broken.write(1), 'RangeError: full');
  await rejects('and all that follows', broken.write(2), 'RangeError: full');
  let reason;
  const aborted = new WritableStream({ abort: (why) => { reason = why; } });
  await aborted.abort('enough');
  await rejects('aborted', aborted.getWriter().closed, 'enough');
  same('why', reason, 'enough');
  const locked = new WritableStream();
  locked.getWriter();
  fails('a second writer', () => locked.getWriter(), 'TypeError: the stream is locked to a writer');
  await rejects('locked', locked.close(), 'TypeError: the stream is locked to a writer');
}
