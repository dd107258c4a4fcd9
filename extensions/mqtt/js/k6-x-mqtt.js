// Module k6/x/mqtt: MQTT as scripts of grafana/xk6-mqtt know it, on top of brunt:mqtt/client.
//
// Callbacks are called by the script's event loop, also while it sleeps. An iteration lasts until each of its clients has ended.
import { Client as Mqtt, Options } from 'brunt:mqtt/client';
import { ready, when } from 'brunt:events';
import { Counter } from 'k6/metrics';

export const QoS = { AtMostOnce: 0, AtLeastOnce: 1, ExactlyOnce: 2 };

const EVENTS = ['connect', 'message', 'end', 'reconnect', 'error'];
const MS = 1e6;
const SECOND = 1e9;
// How many messages are taken at once.
const BATCH = 256;

const calls = new Counter('mqtt_calls');

class MQTTError extends Error {
  constructor(method, cause) {
    super(`MQTT error during ${method}: ${cause?.message ?? cause}`);
    this.name = 'MQTTError';
    this.method = method;
    this.code = cause?.code ?? 0;
    this.cause = cause;
  }
}

const isPlain = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

function payloadOf(value) {
  if (typeof value === 'string' || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value;
  throw new TypeError('invalid type: String or ArrayBuffer expected');
}

// One topic, several, or an object with the options of each.
function subscriptionsOf(topic, { qos = 0 } = {}) {
  if (typeof topic === 'string') return [{ filter: topic, qos }];
  if (Array.isArray(topic)) return topic.map((filter) => ({ filter: String(filter), qos }));
  if (isPlain(topic)) return Object.entries(topic).map(([filter, options]) => ({ filter, qos: options?.qos ?? 0 }));
  throw new TypeError('invalid type: String or Array of String or Object expected');
}

function filtersOf(topic) {
  if (typeof topic === 'string') return [topic];
  if (Array.isArray(topic)) return topic.map(String);
  throw new TypeError('invalid type: String or Array of String expected');
}

// Of its own, not a part of something larger.
function bufferOf(bytes) {
  const whole = bytes.byteLength === bytes.buffer.byteLength;
  return whole ? bytes.buffer : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

export class Client {
  #given;
  #handlers = new Map();
  #client;
  #provider;
  #tags = {};
  // How many times it left without that being an end to tell of.
  #quiet = 0;
  // Whether a call has told already why there is no connection.
  #told = false;
  #listens = false;

  constructor(options = {}) {
    if (!isPlain(options)) {
      throw new TypeError(
        'new Client() takes an object of options; lists of servers are the API of another extension of this name (pmalhaire/xk6-mqtt), which is not offered',
      );
    }
    this.#given = options;
  }

  get connected() {
    return this.#client?.isConnected() ?? false;
  }

  on(event, handler) {
    if (!EVENTS.includes(event)) {
      console.warn(`Unknown event type: ${event}`);
      return;
    }
    if (this.#handlers.has(event)) console.warn(`Event handler already registered, overriding: ${event}`);
    this.#handlers.set(event, handler);
  }

  connect(urlOrOptions, options) {
    this.#try('connect', () => {
      this.#prepare(urlOrOptions, options);
      this.#client.connect();
      this.#called('connect');
    });
  }

  async connectAsync(urlOrOptions, options) {
    await this.#tryAsync('connect', async () => {
      this.#prepare(urlOrOptions, options);
      await this.#ended(this.#client.startConnect());
      this.#called('connect');
    });
  }

  reconnect() {
    this.#try('connect', () => {
      this.#again();
      this.#client.connect();
      this.#called('connect');
    });
  }

  async reconnectAsync() {
    await this.#tryAsync('connect', async () => {
      this.#again();
      await this.#ended(this.#client.startConnect());
      this.#called('connect');
    });
  }

  publish(topic, payload, options) {
    this.#try('publish', () => {
      this.#connectedOrThrow();
      this.#client.publish(topic, payloadOf(payload), options?.qos ?? 0, options?.retain ?? false);
      this.#called('publish', options?.tags, topic);
    });
  }

  async publishAsync(topic, payload, options) {
    this.#connectedOrThrow();
    const message = { topic, payload: payloadOf(payload), qos: options?.qos ?? 0, retain: options?.retain ?? false };
    await this.#tryAsync('publish', async () => {
      await this.#ended(this.#client.startPublish(message));
      this.#called('publish', options?.tags, topic);
    });
  }

  subscribe(topic, options) {
    this.#connectedOrThrow();
    const these = subscriptionsOf(topic, options);
    this.#client.subscribeTo(these);
    for (const { filter } of these) this.#called('subscribe', options?.tags, filter);
  }

  async subscribeAsync(topic, options) {
    this.#connectedOrThrow();
    const these = subscriptionsOf(topic, options);
    await this.#ended(this.#client.startSubscribe(these));
    for (const { filter } of these) this.#called('subscribe', options?.tags, filter);
  }

  unsubscribe(topic, options) {
    this.#try('unsubscribe', () => {
      this.#connectedOrThrow();
      const filters = filtersOf(topic);
      this.#client.unsubscribe(filters);
      for (const filter of filters) this.#called('unsubscribe', options?.tags, filter);
    });
  }

  async unsubscribeAsync(topic, options) {
    this.#connectedOrThrow();
    const filters = filtersOf(topic);
    await this.#tryAsync('unsubscribe', async () => {
      await this.#ended(this.#client.startUnsubscribe(filters));
      for (const filter of filters) this.#called('unsubscribe', options?.tags, filter);
    });
  }

  end(options) {
    this.#connectedOrThrow();
    this.#called('end', options?.tags);
    this.#client.disconnect();
  }

  async endAsync(options) {
    this.end(options);
  }

  #prepare(urlOrOptions, more) {
    const given = isPlain(urlOrOptions) ? urlOrOptions : (more ?? {});
    if (typeof urlOrOptions !== 'string' && !isPlain(urlOrOptions)) throw new TypeError('invalid type: expected string or object');
    if (!isPlain(given)) throw new TypeError('invalid type: expected object');
    const servers = [...(typeof urlOrOptions === 'string' ? [urlOrOptions] : []), ...(given.servers ?? [])];
    if (servers.length === 0) throw new TypeError('connect() needs the URL of a server');
    this.#leaveQuietly();
    this.#quiet = 0;
    this.#listens = false;
    const options = this.#options(servers, given);
    this.#client = new Mqtt(options);
    options.dispose();
    this.#sign(this.#client);
    this.#watch(this.#client);
  }

  #options(servers, given) {
    const own = this.#given;
    const id = own.client_id ?? own.clientId;
    const options = new Options(servers[0]);
    for (const server of servers.slice(1)) options.addServer(server);
    options.setVersion('v311');
    options.setClientId(id ?? '');
    options.setKeepAlive((given.keepalive ?? 60) * SECOND);
    options.setConnectTimeout((given.connect_timeout ?? 30000) * MS);
    options.setAnswerTimeout(30 * SECOND);
    options.setReconnect(SECOND, 600 * SECOND, undefined);
    // Without a name there is no session to come back to.
    if (given.clean_session === false && id) options.setCleanStart(false);
    if (own.will) {
      const { topic, payload = '', qos = 0, retain = false } = own.will;
      options.setWill({ topic, payload, qos, retain }, 0);
    }
    this.#tags = { proto: 'MQTT/3.1.1', ...(id ? { client_id: id } : {}), url: servers[0], ...own.tags, ...given.tags };
    for (const [name, value] of Object.entries(this.#tags)) options.setTag(name, String(value));
    return options;
  }

  // Says who the client is: anew for each connection, where a function knows.
  #sign(client) {
    const provider = this.#given.credentials_provider ?? this.#given.credentialsProvider;
    const { username, password } = provider ? provider() : this.#given;
    if (username !== undefined || password !== undefined) client.setCredentials(username ?? '', password);
  }

  // Holds the iteration until the client has ended.
  #watch(client) {
    const look = () => {
      let event;
      while (this.#client === client && (event = client.nextEvent()) !== undefined) {
        if (this.#happened(client, event)) return;
      }
      if (this.#client === client) when(client.changed(), look, { hold: true });
    };
    when(client.changed(), look, { hold: true });
  }

  // Messages come until the client has ended.
  #listen(client) {
    if (this.#listens) return;
    this.#listens = true;
    const take = () => {
      for (const message of this.#received(client)) this.#deliver(message);
      if (this.#client === client && this.#listens) when(client.arrived(), take, { hold: false });
    };
    when(client.arrived(), take, { hold: false });
  }

  // Whether it was the client's end.
  #happened(client, { tag, val }) {
    switch (tag) {
      case 'connected':
        this.#listen(client);
        this.#fire('connect');
        return false;
      case 'reconnecting':
        this.#fire('reconnect');
        return false;
      case 'disconnected':
        if (this.#quiet > 0) {
          this.#quiet -= 1;
          return false;
        }
        this.#listens = false;
        this.#fire('end');
        return true;
      case 'gave-up':
        this.#listens = false;
        if (!this.#told) this.#fire('error', new MQTTError('reconnect', val));
        this.#told = false;
        return true;
      default:
        return false;
    }
  }

  #received(client) {
    try {
      return client.receiveBatch(BATCH, 0);
    } catch {
      // The connection is gone: its events tell of that.
      return [];
    }
  }

  #deliver({ topic, payload }) {
    calls.add(1, { ...this.#tags, method: 'message', topic });
    this.#fire('message', topic, bufferOf(payload));
  }

  // Gets ready to connect once more as before.
  #again() {
    if (!this.#client) throw new Error('not connected');
    const isWatched = this.connected;
    this.#leaveQuietly();
    this.#sign(this.#client);
    if (!isWatched) this.#watch(this.#client);
  }

  #leaveQuietly() {
    if (!this.connected) return;
    this.#quiet += 1;
    this.#client.disconnect();
  }

  #connectedOrThrow() {
    if (!this.connected) throw new Error('not connected');
  }

  async #ended(pending) {
    await ready(pending.done());
    try {
      return pending.take();
    } finally {
      pending.dispose();
    }
  }

  // What goes wrong is told to the handler of errors, if there is one.
  #try(method, action) {
    try {
      action();
    } catch (cause) {
      this.#failed(method, cause);
    }
  }

  async #tryAsync(method, action) {
    try {
      await action();
    } catch (cause) {
      this.#failed(method, cause);
    }
  }

  #failed(method, cause) {
    const error = new MQTTError(method, cause);
    if (method === 'connect' && cause?.payload !== undefined) this.#told = true;
    console.error(error.message);
    if (!this.#handlers.has('error')) throw error;
    Promise.resolve().then(() => this.#fire('error', error));
  }

  #called(method, tags, topic) {
    calls.add(1, { ...this.#tags, method, ...tags, ...(topic === undefined ? {} : { topic }) });
  }

  #fire(event, ...values) {
    this.#handlers.get(event)?.(...values);
  }
}

export default { Client, QoS };
