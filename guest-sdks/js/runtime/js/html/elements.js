// Elements of HTML by their tags: what each can be asked beside what every element can.
import native from 'brunt:native/html';
import { parsed, composed, resolved } from 'brunt:addresses';
import { Element } from 'brunt:html/element';

// Attributes that are called otherwise than their methods.
const NAMES = {
  acceptCharset: 'accept-charset', encoding: 'enctype', currentSrc: 'src', defaultMuted: 'muted', htmlFor: 'for',
  httpEquiv: 'http-equiv', defaultChecked: 'checked', defaultValue: 'value', defaultSelected: 'selected',
};
const attribute = (name) => NAMES[name] ?? name.toLowerCase();

// How an attribute is read: as text, whether it is there, as a URL, as a whole number, as one of some words.
const text = (name) => (element) => element.selection().attr(name, '');
const flag = (name) => (element) => element.hasAttribute(name);
const url = (name) => (element) => urlOf(element, name) ?? '';
const number = (otherwise) => (name) => (element) => {
  const value = element.getAttribute(name) ?? '';
  return /^[-+]?\d+$/.test(value) ? Number(value) : otherwise;
};
const oneOf = (first, ...others) => (name) => (element) => {
  const value = element.getAttribute(name);
  return others.includes(value) ? value : first;
};
const ifOneOf = (...words) => (name) => (element) => words.find((word) => word === element.getAttribute(name));
const always = (value) => () => () => value;

function define(parent, methods, ...tables) {
  const Class = class extends parent {};
  const put = (name, call) => Object.defineProperty(Class.prototype, name, { value: call, writable: true, configurable: true });
  for (const [names, kind] of tables) {
    for (const name of names.split(' ')) {
      const read = kind(attribute(name));
      put(name, function () {
        return read(this);
      });
    }
  }
  for (const [name, read] of Object.entries(methods)) {
    put(name, function () {
      return read(this);
    });
  }
  return Class;
}

const page = (element) => element.selection().toJSON().url;

function urlOf(element, name) {
  const value = element.getAttribute(name);
  if (value === undefined) return undefined;
  return page(element) === '' ? value : composed(resolved(page(element), value));
}

const root = (element) => element.ownerDocument().selection();
const listed = (selector) => (element) => element.selection().find(selector).get();
const counted = (selector) => (element) => element.selection().find(selector).size();
const child = (selector) => (element) => element.selection().children(selector).get(0);
const valueOrHtml = (selection) => selection.attr('value') ?? selection.html();

function formOf(element) {
  const around = element.selection().closest('form');
  if (around.size() > 0) return around;
  const id = element.getAttribute('form');
  return id ? root(element).find(`#${id}`) : around;
}
const form = (element) => formOf(element).get(0);

function labels(element) {
  const around = element.selection().closest('label');
  const id = element.id();
  return id === '' ? around.get() : around.add(root(element).find(`label[for="${id}"]`)).get();
}

// The place of an element among those that a selector finds in what is around it.
const placeIn = (around, selector, otherwise) => (element) => {
  const holder = element.selection().parents(around).first();
  return holder.size() === 0 ? otherwise : holder.find(selector).index(element);
};

// Parts of the address that a link leads to

const PORTS = { http: '80', https: '443', ftp: '21' };

function link(element) {
  const value = element.getAttribute('href');
  if (value === undefined) return parsed('');
  return page(element) === '' ? parsed(value) : resolved(page(element), value);
}

function site(element) {
  const [, user, password, hostname, port] = /^(?:([^:@]*)(?::([^@]*))?@)?(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(link(element).authority ?? '') ?? [];
  return { user: user ?? '', password: password ?? '', hostname: hostname ?? '', port: port ?? '' };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function host(element) {
  const { hostname, port } = site(element);
  return port === '' || PORTS[link(element).scheme] === port ? hostname : `${hostname}:${port}`;
}

function origin(element) {
  const { scheme } = link(element);
  if (scheme === undefined) return '';
  if (scheme === 'file') return url('href')(element);
  const { hostname, port } = site(element);
  return `${scheme}://${hostname}${port === '' ? '' : `:${port}`}`;
}

const words = (name) => (element) => (element.getAttribute(name) || undefined)?.split(' ') ?? [];
const content = (element) => element.textContent();

const REFERRER = oneOf('', 'no-referrer', 'no-referrer-when-downgrade', 'origin', 'origin-when-cross-origin', 'unsafe-url');
const CROSS_ORIGIN = ifOneOf('anonymous', 'use-credentials');
const ENCODING = oneOf('application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain');
const INPUTS = oneOf(
  'text', 'button', 'checkbox', 'color', 'date', 'datetime-local', 'email', 'file', 'hidden', 'image', 'month', 'number',
  'password', 'radio', 'range', 'reset', 'search', 'submit', 'tel', 'time', 'url', 'week',
);
const ON_OFF = oneOf('on', 'off');

const Href = define(Element, {
  hash: (element) => (link(element).fragment ? `#${decoded(link(element).fragment)}` : ''),
  host,
  hostname: (element) => site(element).hostname,
  port: (element) => site(element).port,
  username: (element) => decoded(site(element).user),
  password: (element) => decoded(site(element).password),
  origin,
  pathname: (element) => decoded(link(element).path),
  protocol: (element) => link(element).scheme ?? ':',
  search: (element) => (link(element).query ? `?${link(element).query}` : ''),
  relList: words('rel'),
  text: content,
  toString: url('href'),
}, ['download rel target type accessKey hrefLang', text], ['href', url], ['referrerPolicy', REFERRER]);

const Media = define(Element, { textTracks: listed('track') },
  ['autoplay controls loop muted defaultMuted', flag], ['preload', oneOf('auto', 'metadata', 'none')], ['src', url],
  ['crossOrigin', CROSS_ORIGIN], ['currentSrc mediaGroup', text]);

// An attribute of a field, or of the form that it belongs to.
const ofForm = (element, name) => element.getAttribute(`form${name}`) ?? formOf(element).attr(name);

function formAction(element) {
  const action = ofForm(element, 'action');
  if (page(element) === '') return action ?? '';
  return action ? composed(resolved(page(element), action)) : page(element);
}

const Field = define(Element, {
  form,
  formAction,
  formEnctype: (element) => ['multipart/form-data', 'text/plain'].find((one) => one === ofForm(element, 'enctype')) ?? 'application/x-www-form-urlencoded',
  formMethod: (element) => ((ofForm(element, 'method') ?? '').toLowerCase() === 'post' ? 'post' : 'get'),
  formNoValidate: (element) => ofForm(element, 'novalidate') !== undefined,
  formTarget: (element) => ofForm(element, 'target') ?? '',
  labels,
}, ['name', text]);

const Modified = define(Element, {}, ['cite datetime', text]);
const Section = define(Element, { rows: listed('tr') });
const Cell = define(Element, { cellIndex: placeIn('tr', 'th,td', -1) }, ['colSpan rowSpan', number(1)], ['headers', text]);

function list(element) {
  const id = element.getAttribute('list');
  if (!id || ['hidden', 'checkbox', 'radio', 'file', 'button'].includes(element.getAttribute('type'))) return undefined;
  return root(element).find(`datalist[id="${id}"]`).get(0);
}

function images(element) {
  const name = element.getAttribute('id') ?? element.getAttribute('name');
  return name === undefined ? [] : root(element).find(`img[usemap="#${name}"],object[usemap="#${name}"]`).get();
}

function optionForm(element) {
  const around = element.selection().parents('form').first();
  if (around.size() > 0) return around.get(0);
  const id = element.selection().parents('select').attr('form');
  return id === undefined ? undefined : root(element).find(`form#${id}`).get(0);
}

const disabled = (element) => element.hasAttribute('disabled') || element.selection().parents('optgroup').attr('disabled') !== undefined;

function progress(otherwise) {
  const figure = (value) => (value !== undefined && Number(value) >= 0 ? Number(value) : undefined);
  const most = (element) => figure(element.getAttribute('max')) ?? 1;
  return (element) => {
    const value = figure(element.getAttribute('value'));
    return value === undefined ? otherwise : value / most(element);
  };
}

const selected = (element) => element.selection().find('option[selected]');

function selectedIndex(element) {
  const chosen = selected(element).get(0);
  return chosen === undefined ? -1 : element.selection().find('option').index(chosen);
}

// How the class of a tag is made, which is when one of its elements is first met.
const CLASSES = {
  a: () => define(Href, {}),
  area: () => define(Href, {}),
  audio: () => define(Media, {}),
  base: () => define(Element, { href: (element) => urlOf(element, 'href') ?? page(element) }, ['target', text]),
  button: () => define(Field, { value: (element) => valueOrHtml(element.selection()) }, ['accessKey', text], ['autofocus disabled', flag],
    ['tabIndex', number(0)], ['type', oneOf('submit', 'button', 'menu', 'reset')]),
  canvas: () => define(Element, {}, ['width height', number(150)]),
  data: () => define(Element, {}, ['value', text]),
  datalist: () => define(Element, { options: listed('option') }),
  del: () => define(Modified, {}),
  embed: () => define(Element, {}, ['height width src type', text]),
  fieldset: () => define(Element, { form, elements: listed('input,select,button,textarea'), validity: () => undefined },
    ['disabled', flag], ['name', text], ['type', always('fieldset')]),
  form: () => define(Element, {
    elements: listed('input,select,button,textarea,fieldset'),
    length: counted('input,select,button,textarea,fieldset'),
  }, ['action', url], ['name target acceptCharset', text], ['enctype encoding', ENCODING], ['autocomplete', ON_OFF],
  ['noValidate', flag], ['method', oneOf('get', 'post')]),
  iframe: () => define(Element, {}, ['allowfullscreen', flag], ['referrerPolicy', REFERRER], ['height width name', text], ['src', url]),
  img: () => define(Element, {}, ['currentSrc src', url], ['sizes srcset alt name useMap', text], ['crossOrigin', CROSS_ORIGIN],
    ['height width', number(0)], ['isMap', flag], ['referrerPolicy', REFERRER]),
  input: () => define(Field, { list },
    ['value alt height width accept pattern placeholder min max defaultValue dirName accessKey step', text],
    ['disabled autofocus required checked defaultChecked readonly multiple', flag], ['type', INPUTS], ['src', url],
    ['autocomplete', ON_OFF], ['tabIndex size', number(0)], ['maxLength', number(-1)]),
  ins: () => define(Modified, {}),
  keygen: () => define(Element, { form, labels }, ['autofocus disabled', flag], ['challenge name', text],
    ['keytype', oneOf('RSA', 'DSA', 'EC')], ['type', always('keygen')]),
  label: () => define(Element, {
    form,
    control: (element) => (element.hasAttribute('for') ? root(element).find(`#${element.getAttribute('for')}`).get(0) : undefined),
  }, ['htmlFor', text]),
  legend: () => define(Element, { form }, ['accessKey', text]),
  li: () => define(Element, {}, ['value', number(0)], ['type', oneOf('', '1', 'a', 'A', 'i', 'I', 'disc', 'square', 'circle')]),
  link: () => define(Element, { relList: words('rel') }, ['crossOrigin', CROSS_ORIGIN], ['referrerPolicy', REFERRER], ['href', url],
    ['hreflang media rel target type', text]),
  map: () => define(Element, { areas: listed('area'), images }, ['name', text]),
  meta: () => define(Element, {}, ['content name', text], ['httpEquiv', oneOf('content-type', 'default-style', 'refresh')]),
  meter: () => define(Element, { labels }, ['min max high low optimum', number(0)]),
  object: () => define(Element, { form }, ['data', url], ['height name type useMap width', text], ['tabIndex', number(0)], ['typeMustMatch', flag]),
  ol: () => define(Element, {}, ['reversed', flag], ['start', number(0)], ['type', oneOf('1', 'a', 'A', 'i', 'I')]),
  optgroup: () => define(Element, {}, ['disabled', flag], ['label', text]),
  option: () => define(Element, {
    disabled,
    form: optionForm,
    index: placeIn('select,datalist', 'option', 0),
    label: (element) => element.getAttribute('label') ?? content(element),
    text: content,
    value: (element) => valueOrHtml(element.selection()),
  }, ['selected defaultSelected', flag]),
  output: () => define(Element, { form, labels, value: content, defaultValue: content }, ['htmlFor name', text], ['type', always('output')]),
  param: () => define(Element, {}, ['name value', text]),
  pre: () => define(Element, {}, ['name value', text]),
  progress: () => define(Element, {
    labels,
    max: (element) => (Number(element.getAttribute('max') ?? NaN) >= 0 ? Number(element.getAttribute('max')) : 1),
    position: progress(-1),
    value: progress(0),
  }),
  q: () => define(Element, {}, ['cite', text]),
  script: () => define(Element, { text: content }, ['crossOrigin type charset', text], ['src', url], ['async defer noModule', flag]),
  select: () => define(Element, {
    form,
    labels,
    length: counted('option'),
    options: listed('option'),
    selectedIndex,
    selectedOptions: (element) => selected(element).get(),
    size: (element) => (element.hasAttribute('multiple') ? 4 : 1),
    type: (element) => (element.hasAttribute('multiple') ? 'select-multiple' : 'select'),
    value: (element) => (selected(element).size() === 0 ? '' : valueOrHtml(selected(element).first())),
  }, ['autofocus disabled multiple required', flag], ['name', text], ['tabIndex', number(0)]),
  source: () => define(Element, {}, ['keySystem media sizes srcset type', text], ['src', url]),
  style: () => define(Element, { type: (element) => element.getAttribute('type') || 'text/css' }, ['media', text]),
  table: () => define(Element, {
    caption: child('caption'), tHead: child('thead'), tFoot: child('tfoot'), rows: listed('tr'), tBodies: listed('tbody'),
  }, ['sortable', flag]),
  thead: () => define(Section, {}),
  tbody: () => define(Section, {}),
  tfoot: () => define(Section, {}),
  tr: () => define(Element, {
    cells: listed('th,td'), rowIndex: placeIn('table', 'tr', -1), sectionRowIndex: placeIn('thead,tbody,tfoot', 'tr', -1),
  }),
  col: () => define(Element, { span: (element) => Math.max(1, number(1)('span')(element)) }),
  td: () => define(Cell, {}),
  th: () => define(Cell, {}, ['abbr', text], ['scope', oneOf('', 'row', 'col', 'colgroup', 'rowgroup')], ['sorted', flag]),
  textarea: () => define(Element, { form, labels, length: (element) => text('value')(element).length },
    ['name value defaultValue placeholder accessKey', text], ['rows cols maxLength tabIndex', number(0)],
    ['readOnly required autofocus disabled', flag], ['type', always('textarea')], ['autocomplete', ON_OFF],
    ['autocapitalize', oneOf('sentences', 'none', 'off', 'characters', 'words')], ['wrap', oneOf('soft', 'hard', 'off')]),
  time: () => define(Element, {}, ['datetime', text]),
  title: () => define(Element, { text: content }),
  track: () => define(Element, {}, ['kind', oneOf('subtitle', 'captions', 'descriptions', 'chapters', 'metadata')], ['src', url],
    ['srclang label', text], ['default', flag]),
  ul: () => define(Element, {}, ['type', text]),
  video: () => define(Media, {}),
};

const made = new Map();

function classOf(name) {
  if (!Object.hasOwn(CLASSES, name)) return Element;
  if (!made.has(name)) made.set(name, CLASSES[name]());
  return made.get(name);
}

// A node as an element of the class for its tag.
export function elementOf(selection, document, node) {
  const Class = classOf(native.name(document, node));
  return new Class(selection, document, node);
}
