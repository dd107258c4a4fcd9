// Module k6/x/stomp: STOMP as scripts of k6's extension know it, on top of brunt:stomp/client.
//
// What connects in init connects at its first use in an iteration instead: nothing is sent while a script is initialised.
import { Client as Stomp, Options } from 'brunt:stomp/client';
import { when } from 'brunt:events';

const UNITS = { ns: 1, us: 1e3, 'µs': 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 36e11 };

// "1m30s", or a number of milliseconds, as nanoseconds.
function nanoseconds(value, what) {
  if (typeof value === 'number') return Math.round(value * 1e6);
  const parts = [...String(value).matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== String(value)) {
    throw new TypeError(`stomp: ${what}: ${JSON.stringify(value)} is no duration, as 500, "500ms" or "1m30s" are`);
  }
  return Math.round(parts.reduce((sum, [, number, unit]) => sum + number * UNITS[unit], 0));
}

const pairs = (headers) => Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]);

const bytes = (body) => (typeof body === 'string' || body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? body : String(body ?? ''));

// What each option of connect() does; those of buffers and channels have nothing to do here.
const OPTIONS = {
  host: (options, value) => options.setVirtualHost(String(value)),
  timeout: (options, value) => options.setConnectTimeout(nanoseconds(value, 'timeout')),
  receipt_timeout: (options, value) => options.setReceiptTimeout(nanoseconds(value, 'receipt_timeout')),
  heartbeat: (options, { incoming = 0, outgoing = 0 }) =>
    options.setHeartBeat(nanoseconds(outgoing, 'heartbeat.outgoing'), nanoseconds(incoming, 'heartbeat.incoming')),
  headers: (options, headers) => pairs(headers).forEach(([name, value]) => options.addHeader(name, value)),
  insecure_skip_tls_verify: (options, value) => options.setInsecure(Boolean(value)),
};
// As earlier versions of the extension had them.
const OLDER = { receiptTimeout: 'receipt_timeout' };

function optionsOf(given) {
  const options = new Options();
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && value !== null) OPTIONS[OLDER[name] ?? name]?.(options, value);
  }
  if (given.user !== undefined) options.setLogin(String(given.user), String(given.pass ?? ''));
  return options;
}

function addressOf({ protocol = 'tcp', addr, tls }) {
  if (typeof addr !== 'string' || addr === '') throw new TypeError('stomp.connect() needs addr, such as "localhost:61613"');
  return `${protocol === 'tcp' && tls ? 'ssl' : protocol}://${addr}`;
}

class Message {
  constructor(inner, subscription) {
    this.inner = inner;
    this.subscription = subscription;
  }

  get body() {
    return this.inner.body();
  }

  get destination() {
    return this.inner.destination();
  }

  get header() {
    return Object.fromEntries(this.inner.headers());
  }

  string() {
    return new TextDecoder().decode(this.inner.body());
  }

  json(selector) {
    const whole = JSON.parse(this.string());
    if (selector === undefined) return whole;
    return String(selector).split('.').reduce((value, name) => value?.[name], whole);
  }
}

class Subscription {
  #inner;
  #listener;
  #error;

  constructor(inner, { listener, error }) {
    this.#inner = inner;
    this.#listener = listener;
    this.#error = error;
    if (listener) this.#listen();
  }

  // Waits beside what the script does, and does not keep an iteration from its end.
  #listen() {
    when(this.#inner.ready(), () => this.continue() && this.#listen(), { hold: false });
  }

  // Hands what waits to the listener; whether more may come.
  continue() {
    try {
      for (const message of this.#inner.nextBatch(256, 0)) this.#listener?.(new Message(message, this));
      return this.active();
    } catch (error) {
      if (this.active() && !this.#error) throw error;
      this.#error?.({ error: error.message });
      return false;
    }
  }

  read() {
    const message = this.#inner.next();
    return message && new Message(message, this);
  }

  active() {
    return this.#inner.active();
  }

  unsubscribe() {
    this.#listener = undefined;
    this.#inner.unsubscribe();
  }
}

class Transaction {
  #inner;

  constructor(inner) {
    this.#inner = inner;
  }

  send(destination, contentType, body, { headers } = {}) {
    this.#inner.send(String(destination), String(contentType ?? ''), bytes(body), pairs(headers));
  }

  ack(message) {
    this.#inner.ack(message.inner);
  }

  nack(message) {
    this.#inner.nack(message.inner);
  }

  commit() {
    this.#inner.commit(false);
  }

  abort() {
    this.#inner.abort();
  }
}

export class Client {
  #given;
  #address;
  #client;

  constructor(given = {}) {
    this.#given = given;
    this.#address = addressOf(given);
  }

  get #connected() {
    return (this.#client ??= Stomp.connect(this.#address, optionsOf(this.#given)));
  }

  send(destination, contentType, body, { headers, receipt } = {}) {
    this.#connected.sendWith(String(destination), String(contentType ?? ''), bytes(body), pairs(headers), Boolean(receipt));
  }

  subscribe(destination, options = {}) {
    const given = typeof options === 'string' ? { ack: options } : options;
    const id = given.id === undefined ? undefined : String(given.id);
    const inner = this.#connected.subscribe(String(destination), given.ack ?? 'auto', pairs(given.headers), id);
    return new Subscription(inner, given);
  }

  ack(message) {
    this.#connected.ack(message.inner);
  }

  nack(message) {
    this.#connected.nack(message.inner);
  }

  server() {
    return this.#connected.server();
  }

  session() {
    return this.#connected.session();
  }

  begin() {
    return new Transaction(this.#connected.begin());
  }

  beginWithError() {
    return this.begin();
  }

  // One that never connected has nobody to say goodbye to.
  disconnect() {
    this.#client?.disconnect();
    this.#client = undefined;
  }
}

export function connect(given) {
  return new Client(given);
}

export default { connect, Client };
