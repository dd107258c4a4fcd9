// Module k6/x/nats: NATS as scripts of k6's extension know it, on top of brunt:nats/client.
//
// What is asked for while the script is initialised, where nothing can be sent, is done before whatever is asked for first in an
// iteration. A client connects when it is first used.
import { Client, JetStream, Options } from 'brunt:nats/client';
import { when } from 'brunt:events';

// What was asked for in init, of all clients of this VU.
const postponed = [];

const isOfInit = (error) => error?.payload?.code === 1110 && error.message.endsWith('in init');

function caughtUp() {
  while (postponed.length > 0) {
    try {
      postponed[0]();
    } catch (error) {
      if (isOfInit(error)) throw error;
      postponed.shift();
      throw error;
    }
    postponed.shift();
  }
}

// Does it now, behind all that was postponed; in init, postpones it.
function soon(act) {
  try {
    caughtUp();
    return act();
  } catch (error) {
    if (!isOfInit(error)) throw error;
    postponed.push(act);
    return undefined;
  }
}

const pairs = (headers) =>
  Object.entries(headers ?? {}).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));

const bytes = (value) => {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return new Uint8Array(value);
  return typeof value === 'string' || value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? value : String(value);
};

const outgoing = (topic, payload, headers) => ({ subject: String(topic), payload: bytes(payload), headers: pairs(headers) });

// Of a message that is sent: `raw` are bytes, `data` is text; `header` is its name, and `headers` what its users call it.
const outgoingOf = ({ topic, data, raw, header, headers }) => outgoing(topic, raw ?? data, header ?? headers);

// A message that came.
class Message {
  #inner;

  constructor(inner) {
    this.#inner = inner;
    this.topic = inner.subject;
    this.raw = inner.payload;
    this.header = {};
    for (const [name, value] of inner.headers) this.header[name] ??= value;
  }

  get data() {
    return new TextDecoder().decode(this.#inner.payload);
  }

  get reply() {
    return this.#inner.reply;
  }
}

// Hands to a callback what comes, while the script waits; it does not keep an iteration from its end.
class Subscription {
  #inner;
  #callback;

  begin(inner, callback) {
    if (this.#callback === null) return;
    this.#inner = inner;
    this.#callback = callback;
    this.#listen();
  }

  #listen() {
    when(this.#inner.readable(), () => this.#deliver());
  }

  #deliver() {
    if (!this.#callback) return;
    const messages = this.#taken();
    const failures = [];
    for (const message of messages) {
      try {
        this.#callback?.(message);
      } catch (error) {
        failures.push(error);
      }
    }
    if (this.#callback) this.#listen();
    // The others have had their turn.
    if (failures.length > 0) throw failures[0];
  }

  #taken() {
    try {
      return this.#inner.nextBatch(256, 0);
    } catch (error) {
      this.#callback = null;
      if (error?.payload?.kind === 'closed') return [];
      throw error;
    }
  }

  close() {
    this.#callback = null;
    this.#inner?.dispose();
    this.#inner = undefined;
  }
}

// The fields of a stream that the extension of k6 names otherwise than JetStream does, and its numbers.
const STREAM_FIELDS = { replicas: 'num_replicas', duplicates: 'duplicate_window', allow_rollup: 'allow_rollup_hdrs', storage_type: 'storage' };
const STREAM_ENUMS = {
  storage: ['file', 'memory'],
  retention: ['limits', 'interest', 'workqueue'],
  discard: ['old', 'new'],
};

function streamConfig({ name, subjects = [], ...rest }) {
  const more = {};
  for (const [field, value] of Object.entries(rest)) {
    const called = STREAM_FIELDS[field] ?? field;
    more[called] = typeof value === 'number' ? (STREAM_ENUMS[called]?.[value] ?? value) : value;
  }
  return { name: String(name), subjects, more: JSON.stringify(more) };
}

function optionsOf({ servers, unsafe, token, user, password, nkey, credentials, name, tls }) {
  const options = new Options([servers ?? 'nats://127.0.0.1:4222'].flat().map(String));
  if (unsafe) options.setInsecure(true);
  if (token) options.setToken(String(token));
  if (user) options.setUser(String(user), String(password ?? ''));
  if (nkey) options.setNkey(String(nkey));
  if (credentials) options.setCredentials(String(credentials));
  if (name) options.setName(String(name));
  if (tls?.ca) options.addAuthorities(tls.ca);
  if (tls?.cert) options.setClientCertificate(tls.cert, tls.key);
  return options;
}

export class Nats {
  #given;
  #client;
  #jetStream;
  #isClosed = false;

  constructor(given = {}) {
    this.#given = given;
  }

  get #connected() {
    if (this.#isClosed) throw new Error('the connection is closed');
    return (this.#client ??= new Client(optionsOf(this.#given)));
  }

  get #stored() {
    return (this.#jetStream ??= new JetStream(this.#connected));
  }

  publish(topic, message) {
    soon(() => this.#connected.publish(String(topic), bytes(message)));
  }

  publishWithHeaders(topic, message, headers) {
    soon(() => this.#connected.publishMessage(outgoing(topic, message, headers)));
  }

  // As the extension's own page spells it.
  publisWithHeaders(topic, message, headers) {
    this.publishWithHeaders(topic, message, headers);
  }

  publishMsg(message) {
    soon(() => this.#connected.publishMessage(outgoingOf(message)));
  }

  subscribe(topic, callback) {
    const subscription = new Subscription();
    soon(() => {
      const inner = this.#connected.subscribe(String(topic));
      subscription.begin(inner, (message) => callback(new Message(message)));
    });
    return subscription;
  }

  // Not postponed: who asks wants the answer.
  request(topic, payload, headers) {
    caughtUp();
    return new Message(this.#connected.requestMessage(outgoing(topic, payload, headers)));
  }

  // Makes the stream, or changes it where there is one of this name.
  jetStreamSetup(config) {
    soon(() => {
      const wanted = streamConfig(config);
      try {
        this.#stored.createStream(wanted);
      } catch (error) {
        // There is one of this name, and it is another.
        if (error?.payload?.code !== 10058) throw error;
        this.#stored.updateStream(wanted);
      }
    });
  }

  jetStreamDelete(name) {
    soon(() => {
      try {
        this.#stored.deleteStream(String(name));
      } catch (error) {
        // There is none of this name: that is what was asked for.
        if (error?.payload?.code !== 10059) throw error;
      }
    });
  }

  jetStreamPublish(topic, message) {
    soon(() => this.#stored.publish(String(topic), bytes(message)));
  }

  jetStreamPublishWithHeaders(topic, message, headers) {
    soon(() => this.#stored.publishMessage(outgoing(topic, message, headers)));
  }

  jetStreamPublishMsg(message) {
    soon(() => this.#stored.publishMessage(outgoingOf(message)));
  }

  // All that the stream of this subject has and gets; each message is acknowledged once the callback has seen it.
  jetStreamSubscribe(topic, callback) {
    const subscription = new Subscription();
    soon(() => {
      const [stream, inbox] = [this.#stored.streamOf(String(topic)), this.#connected.newInbox()];
      const inner = this.#connected.subscribe(inbox);
      this.#stored.createConsumer(stream, { filter: String(topic), more: JSON.stringify({ deliver_subject: inbox }) });
      subscription.begin(inner, (message) => {
        callback(new Message(message));
        if (message.reply !== undefined) this.#stored.ack(message.reply);
      });
    });
    return subscription;
  }

  close() {
    this.#isClosed = true;
    this.#client?.close();
  }
}

export default { Nats };
