// Module k6/http: a measured client.
import native from 'brunt:native';

const KIND = Symbol('responseType');
const PARSED = Symbol('json');

const TEXTS = {
  100: 'Continue', 101: 'Switching Protocols', 103: 'Early Hints', 200: 'OK', 201: 'Created', 202: 'Accepted',
  203: 'Non-Authoritative Information', 204: 'No Content', 205: 'Reset Content', 206: 'Partial Content',
  207: 'Multi-Status', 300: 'Multiple Choices', 301: 'Moved Permanently', 302: 'Found', 303: 'See Other',
  304: 'Not Modified', 305: 'Use Proxy', 307: 'Temporary Redirect', 308: 'Permanent Redirect', 400: 'Bad Request',
  401: 'Unauthorized', 402: 'Payment Required', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed',
  406: 'Not Acceptable', 407: 'Proxy Authentication Required', 408: 'Request Timeout', 409: 'Conflict', 410: 'Gone',
  411: 'Length Required', 412: 'Precondition Failed', 413: 'Request Entity Too Large', 414: 'Request URI Too Long',
  415: 'Unsupported Media Type', 416: 'Requested Range Not Satisfiable', 417: 'Expectation Failed', 418: "I'm a teapot",
  421: 'Misdirected Request', 422: 'Unprocessable Entity', 423: 'Locked', 424: 'Failed Dependency', 425: 'Too Early',
  426: 'Upgrade Required', 428: 'Precondition Required', 429: 'Too Many Requests', 431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons', 500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway',
  503: 'Service Unavailable', 504: 'Gateway Timeout', 505: 'HTTP Version Not Supported', 507: 'Insufficient Storage',
  511: 'Network Authentication Required',
};

// Asked for once, and not while the script is initialised: there is no response then.
let discards;

// How the body is to be given: as the request said, or as the options do.
const kindOf = (response) => response[KIND] ?? ((discards ??= native.discardsBodies()) ? 'none' : 'text');

function body(response) {
  const kind = kindOf(response);
  if (kind === 'none') return null;
  return kind === 'binary' ? native.bytes(response) : native.text(response);
}

// What a response knows, each read when it is asked for, and kept from then on. Failed requests have them from the start.
const FIELDS = {
  body,
  headers: native.headers,
  cookies: native.cookies,
  timings: native.timings,
  url: native.url,
  proto: native.protocol,
  remote_ip: native.remoteIp,
  remote_port: native.remotePort,
  request: native.sent,
  tls_version: native.tlsVersion,
  tls_cipher_suite: native.tlsCipherSuite,
  ocsp: native.ocsp,
  status_text: ({ status }) => `${status} ${TEXTS[status] ?? ''}`.trim(),
  error: () => '',
  error_code: ({ status }) => (status >= 400 ? 1000 + status : 0),
};

// What reads HTML is made when a script first asks for it.
let pages;
const page = () => (pages ??= native.evaluate('brunt:pages'));

export class Response {
  json(selector) {
    if (this.status === 0 || kindOf(this) === 'none') {
      throw new Error('the body is null so we can\'t transform it to JSON - this likely was because of a request error getting the response');
    }
    if (selector !== undefined && selector !== null) return native.json(this, String(selector));
    if (!(PARSED in this)) Object.defineProperty(this, PARSED, { value: native.json(this) });
    return this[PARSED];
  }

  html(selector) {
    return page().html(this, selector);
  }

  submitForm(given) {
    return page().submitForm(this, given, request);
  }

  clickLink(given) {
    return page().clickLink(this, given, request);
  }

  // All fields, for JSON.stringify and console.log.
  toJSON() {
    const all = { status: this.status };
    for (const name in FIELDS) all[name] = this[name];
    return all;
  }
}

for (const [name, read] of Object.entries(FIELDS)) {
  Object.defineProperty(Response.prototype, name, {
    get() {
      return native.keep(this, name, read(this));
    },
    set(value) {
      native.keep(this, name, value);
    },
    enumerable: true,
    configurable: true,
  });
}
native.responsesInherit(Response.prototype);

// QuickJS describes objects of the same properties once, as long as there are any: these are there before VUs are.
native.keepShapes([[], ['body'], ['headers'], ['body', 'headers'], ['timings']].map((names) => {
  const response = Object.assign(Object.create(Response.prototype), { status: 0 });
  for (const name of names) native.keep(response, name, null);
  return response;
}));

const noStaple = () => ({ status: '', revocation_reason: '', produced_at: 0, this_update: 0, next_update: 0, revoked_at: 0 });

// What is known of a request that brought no response.
function failed(response, method, url, params) {
  if (params?.throw ?? native.throws()) throw new Error(response.error);
  const none = { duration: 0, blocked: 0, looking_up: 0, connecting: 0, tls_handshaking: 0, sending: 0, waiting: 0, receiving: 0 };
  const request = { method, url, headers: {}, body: '', cookies: {} };
  return Object.assign(response, {
    body: null, headers: {}, cookies: {}, timings: none, url, proto: '', remote_ip: '', remote_port: 0, request,
    tls_version: '', tls_cipher_suite: '', ocsp: noStaple(), status_text: '',
  });
}

// What comes of a request that can't be made as it was described: no request is sent, no metric counts one, and the script goes on.
// While the script is initialised, where no request makes sense, it does not.
function unmade(error, method, url, params) {
  if (native.inInit()) throw error;
  const { message } = error;
  const none = Object.assign(Object.create(Response.prototype), { status: 0, error: message, error_code: 0 });
  const response = failed(none, method, String(url), params);
  console.warn(`request failed: ${method} ${url}: ${message}`);
  return response;
}

// A URL, and what groups it, as http.url`…` writes it.
class GroupedUrl {
  constructor(url, name) {
    this.url = url;
    this.name = name;
  }

  toString() {
    return this.url;
  }
}

export function url(parts, ...values) {
  const whole = parts.reduce((text, part, at) => text + String(values[at - 1]) + part);
  return new GroupedUrl(whole, parts.join('${}'));
}

// The part of a multipart body that is a file.
class FileData {
  constructor(data, filename, contentType) {
    this.data = data;
    this.filename = filename ?? String(Date.now() * 1e6);
    this.content_type = contentType ?? 'application/octet-stream';
  }
}

export function file(data, filename, contentType) {
  return new FileData(data, filename, contentType);
}

// Statuses that are no failure: what responseCallback and setResponseCallback take.
class ExpectedStatuses {
  constructor(ranges) {
    this.ranges = ranges;
  }
}

export function expectedStatuses(...statuses) {
  if (statuses.length === 0) throw new TypeError('expectedStatuses() needs at least one status');
  const ranges = statuses.map((status) => {
    const [from, to] = typeof status === 'number' ? [status, status] : [status?.min, status?.max];
    if (!Number.isInteger(from) || !Number.isInteger(to)) {
      throw new TypeError('expectedStatuses() takes numbers and objects such as {min: 200, max: 299}');
    }
    return [from, to];
  });
  return new ExpectedStatuses(ranges);
}

function rangesOf(callback, what) {
  if (callback === null) return [];
  if (callback instanceof ExpectedStatuses) return callback.ranges;
  throw new TypeError(`${what} takes what http.expectedStatuses() returns, or null`);
}

export function setResponseCallback(callback) {
  native.expect(rangesOf(callback, 'setResponseCallback()'));
}

const UNITS = { ns: 1e-6, us: 1e-3, 'µs': 1e-3, ms: 1, s: 1e3, m: 6e4, h: 36e5 };

// "1m30s" or a number of milliseconds.
function millis(value) {
  if (typeof value === 'number') return value;
  const parts = [...String(value).matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== String(value)) {
    throw new TypeError(`timeout: ${JSON.stringify(value)} is no duration, as 500, "500ms" or "1m30s" are`);
  }
  return parts.reduce((sum, [, number, unit]) => sum + number * UNITS[unit], 0);
}

const isData = (value) => typeof value === 'string' || value instanceof ArrayBuffer || ArrayBuffer.isView(value);

function setFields(request, fields) {
  const pairs = [];
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && typeof one === 'object') {
        console.warn(`the field ${name} of a form is an object and is sent empty`);
        pairs.push([name, '']);
      } else {
        pairs.push([name, String(one ?? '')]);
      }
    }
  }
  native.setForm(request, pairs);
}

function setParts(request, fields) {
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof FileData) native.addPart(request, name, value.data, value.filename, value.content_type);
    else native.addPart(request, name, isData(value) ? value : String(value), null);
  }
}

function setBody(request, given) {
  if (given === null || given === undefined) return;
  if (isData(given)) native.setBody(request, given instanceof ArrayBuffer || typeof given === 'string' ? given : bytesOf(given));
  else if (typeof given !== 'object') native.setBody(request, String(given));
  else if (Object.values(given).some((value) => value instanceof FileData)) setParts(request, given);
  else setFields(request, given);
}

const bytesOf = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);

// What each parameter of a request does; others are not looked at.
const PARAMS = {
  headers: native.setHeaders,
  tags: native.setTags,
  timeout: (request, value) => native.setTimeout(request, millis(value)),
  redirects: (request, value) => native.setRedirects(request, Number(value)),
  auth: (request, value) => native.setAuth(request, String(value)),
  compression: (request, value) => native.setCompression(request, String(value)),
  responseType: (request, value) => {
    if (!['text', 'binary', 'none'].includes(value)) throw new TypeError(`responseType is text, binary or none, not ${JSON.stringify(value)}`);
    native.setDiscard(request, value === 'none');
  },
  responseCallback: (request, value) => native.setExpected(request, rangesOf(value, 'responseCallback')),
  jar: (request, value) => {
    if (!(value instanceof CookieJar)) throw new TypeError('jar takes what http.cookieJar() or new http.CookieJar() makes');
    native.setJar(request, value[JAR]);
  },
  cookies: (request, cookies) => {
    for (const [name, cookie] of Object.entries(cookies)) {
      const plain = cookie === null || typeof cookie !== 'object';
      native.setCookie(request, name, String(plain ? cookie : cookie.value), !plain && Boolean(cookie.replace));
    }
  },
};

// A request, ready to be sent.
function made(method, address, given, params) {
  const one = native.request(method, String(address));
  if (address instanceof GroupedUrl) native.setTags(one, { name: address.name });
  setBody(one, given);
  if (params !== null && params !== undefined) {
    for (const name in params) {
      const value = params[name];
      if (value !== undefined && (value !== null || name === 'responseCallback')) PARAMS[name]?.(one, value);
    }
  }
  return one;
}

function finished(response, method, address, params) {
  if (response.status === 0) return failed(response, method, String(address), params);
  const type = params?.responseType;
  if (type === undefined || type === null) return response;
  // How the body is to be given.
  return Object.defineProperty(response, KIND, { value: type });
}

function send(method, address, given, params) {
  let response;
  let one;
  try {
    // What most requests are takes one call of the engine, which makes and sends it.
    response = native.exchange(method, address, given, params);
    if (response === undefined) one = made(method, address, given, params);
  } catch (error) {
    return unmade(error, method, address, params);
  }
  return finished(response ?? native.send(one), method, address, params);
}

export function get(address, params) {
  if (params !== undefined && params !== null || typeof address !== 'string') return send('GET', address, null, params);
  const response = native.get(address);
  return response.status === 0 ? failed(response, 'GET', address, null) : response;
}

export const head = (address, params) => send('HEAD', address, null, params);
export const post = (address, given, params) => send('POST', address, given, params);
export const put = (address, given, params) => send('PUT', address, given, params);
export const patch = (address, given, params) => send('PATCH', address, given, params);
export const del = (address, given, params) => send('DELETE', address, given, params);
export const options = (address, given, params) => send('OPTIONS', address, given, params);
export const request = (method, address, given, params) => send(String(method).toUpperCase(), address, given, params);

// A request of a batch: a URL, [method, url, body, params], or {method, url, body, params}.
function ofBatch(given) {
  if (typeof given === 'string' || given instanceof GroupedUrl) return ['GET', given, null, null];
  const [method, address, body, params] = Array.isArray(given) ? given : [given?.method, given?.url, given?.body, given?.params];
  if (address === undefined || address === null) {
    throw new TypeError('batch(): a request is a URL, [method, url, body, params], or an object with url');
  }
  return [String(method ?? 'GET').toUpperCase(), address, body, params];
}

export function batch(requests) {
  if (requests === null || typeof requests !== 'object') throw new TypeError('batch() takes an array or an object of requests');
  const sent = [];
  const results = Array.isArray(requests) ? [] : {};
  for (const key of Object.keys(requests)) {
    let [method, address, given, params] = ['GET', requests[key]];
    try {
      [method, address, given, params] = ofBatch(requests[key]);
      sent.push({ key, method, address, params, one: made(method, address, given, params) });
      results[key] = undefined;
    } catch (error) {
      results[key] = unmade(error, method, address, params);
    }
  }
  const responses = native.batch(sent.map(({ one }) => one));
  sent.forEach(({ key, method, address, params }, at) => {
    results[key] = finished(responses[at], method, address, params);
  });
  return results;
}

export function asyncRequest(given, address, body, params) {
  const method = String(given).toUpperCase();
  return new Promise((resolve, reject) => {
    let one;
    try {
      one = made(method, address, body, params);
    } catch (error) {
      resolve(unmade(error, method, address, params));
      return;
    }
    native.start(one, (response) => {
      try {
        resolve(finished(response, method, address, params));
      } catch (error) {
        reject(error);
      }
    });
  });
}

const JAR = Symbol('jar');

// Attributes of a cookie, as the engine names them.
const ATTRIBUTES = { max_age: 'max-age', http_only: 'httponly', same_site: 'samesite' };

export class CookieJar {
  constructor(jar) {
    Object.defineProperty(this, JAR, { value: jar ?? native.jar(true) });
  }

  cookiesForURL(address) {
    return native.jarCookies(this[JAR], String(address));
  }

  set(address, name, value, attributes) {
    const named = {};
    for (const [key, of] of Object.entries(attributes ?? {})) named[ATTRIBUTES[key] ?? key] = of;
    native.jarSet(this[JAR], String(address), String(name), String(value), named);
    return true;
  }

  clear(address) {
    native.jarClear(this[JAR], String(address));
  }

  delete(address, name) {
    native.jarDelete(this[JAR], String(address), String(name));
  }
}

export const cookieJar = () => new CookieJar(native.jar(false));

const CONSTANTS = {
  SSL_3_0: 'ssl3.0', TLS_1_0: 'tls1.0', TLS_1_1: 'tls1.1', TLS_1_2: 'tls1.2', TLS_1_3: 'tls1.3',
  OCSP_STATUS_GOOD: 'good', OCSP_STATUS_REVOKED: 'revoked', OCSP_STATUS_SERVER_FAILED: 'server_failed',
  OCSP_STATUS_UNKNOWN: 'unknown',
  OCSP_REASON_AA_COMPROMISE: 'aa_compromise', OCSP_REASON_AFFILIATION_CHANGED: 'affiliation_changed',
  OCSP_REASON_CA_COMPROMISE: 'ca_compromise', OCSP_REASON_CERTIFICATE_HOLD: 'certificate_hold',
  OCSP_REASON_CESSATION_OF_OPERATION: 'cessation_of_operation', OCSP_REASON_KEY_COMPROMISE: 'key_compromise',
  OCSP_REASON_PRIVILEGE_WITHDRAWN: 'privilege_withdrawn', OCSP_REASON_REMOVE_FROM_CRL: 'remove_from_crl',
  OCSP_REASON_SUPERSEDED: 'superseded', OCSP_REASON_UNSPECIFIED: 'unspecified',
};
export const {
  SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3,
  OCSP_STATUS_GOOD, OCSP_STATUS_REVOKED, OCSP_STATUS_SERVER_FAILED, OCSP_STATUS_UNKNOWN,
  OCSP_REASON_AA_COMPROMISE, OCSP_REASON_AFFILIATION_CHANGED, OCSP_REASON_CA_COMPROMISE, OCSP_REASON_CERTIFICATE_HOLD,
  OCSP_REASON_CESSATION_OF_OPERATION, OCSP_REASON_KEY_COMPROMISE, OCSP_REASON_PRIVILEGE_WITHDRAWN, OCSP_REASON_REMOVE_FROM_CRL,
  OCSP_REASON_SUPERSEDED, OCSP_REASON_UNSPECIFIED,
} = CONSTANTS;

export default {
  get, head, post, put, patch, del, options, request, batch, asyncRequest, url, file, expectedStatuses,
  setResponseCallback, cookieJar, CookieJar, Response, ...CONSTANTS,
};
