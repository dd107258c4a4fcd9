// Module k6/experimental/streams: streams as browsers have them.
import { CountQueuingStrategy } from 'brunt:streams/queue';
import { ReadableStream, ReadableStreamDefaultController, ReadableStreamDefaultReader } from 'brunt:streams/readable';
import { WritableStream, WritableStreamDefaultController, WritableStreamDefaultWriter } from 'brunt:streams/writable';

const all = {
  CountQueuingStrategy, ReadableStream, ReadableStreamDefaultController, ReadableStreamDefaultReader,
  WritableStream, WritableStreamDefaultController, WritableStreamDefaultWriter,
};
export {
  CountQueuingStrategy, ReadableStream, ReadableStreamDefaultController, ReadableStreamDefaultReader,
  WritableStream, WritableStreamDefaultController, WritableStreamDefaultWriter,
};
export default all;
