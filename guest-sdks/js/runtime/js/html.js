// Module k6/html: documents of HTML, read by selectors as jQuery does it.
import native from 'brunt:native/html';
import { Element, nodeOf } from 'brunt:html/element';
import { elementOf } from 'brunt:html/elements';

const DOCUMENT = Symbol('document');
const NODES = Symbol('nodes');
const URL_ = Symbol('url');
const BEFORE = Symbol('before');

const unique = (nodes) => [...new Set(nodes)];

// Several nodes of one document.
export class Selection {
  constructor(document, nodes, url, before) {
    Object.defineProperties(this, {
      [DOCUMENT]: { value: document }, [NODES]: { value: nodes }, [URL_]: { value: url }, [BEFORE]: { value: before },
    });
  }

  // Text and attributes

  attr(name, otherwise) {
    return this.#read((document, node) => native.attribute(document, node, String(name))) ?? otherwise;
  }

  text() {
    return this[NODES].map((node) => (native.type(this[DOCUMENT], node) === 8 ? '' : native.text(this[DOCUMENT], node))).join('');
  }

  html() {
    return this.#read(native.html) ?? '';
  }

  val() {
    const name = this.#read(native.name);
    if (name === 'input') return this.attr('value', ['radio', 'checkbox'].includes(this.attr('type')) ? 'on' : '');
    if (name === 'button') return this.attr('value', '');
    if (name === 'textarea') return this.html();
    if (name === 'option') return valueOrHtml(this);
    if (name !== 'select') return undefined;
    const selected = this.first().find('option[selected]');
    return this.attr('multiple') === undefined ? valueOrHtml(selected) : selected.toArray().map(valueOrHtml);
  }

  data(key) {
    const attributes = this.#read(native.attributes) ?? [];
    if (attributes.length === 0) return undefined;
    if (key !== undefined) {
      const value = this.attr(`data-${String(key).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
      return value === undefined ? undefined : converted(value);
    }
    const named = attributes.filter(([name]) => name.startsWith('data-') && name.length > 5);
    const property = (name) => name.slice(5).replace(/-(.)/g, (_, letter) => letter.toUpperCase());
    return Object.fromEntries(named.map(([name, value]) => [property(name), converted(value)]));
  }

  // Some of the nodes

  size() {
    return this[NODES].length;
  }

  eq(index) {
    return this.#with(this[NODES].slice(index, index === -1 ? undefined : Number(index) + 1));
  }

  first() {
    return this.eq(0);
  }

  last() {
    return this.eq(-1);
  }

  slice(start, end) {
    return this.#with(this[NODES].slice(start, end));
  }

  get(index) {
    const element = (node) => elementOf(this.#with([node]), this[DOCUMENT], node);
    if (index === undefined) return this[NODES].map(element);
    const node = this[NODES].at(index);
    return node === undefined ? undefined : element(node);
  }

  toArray() {
    return this[NODES].map((node) => this.#with([node]));
  }

  index(other) {
    if (other === undefined) return this.size() === 0 ? -1 : this.first().prevAll().size();
    if (typeof other === 'string') return this.#all(other).indexOf(this[NODES][0]);
    const [node] = nodesOf(other) ?? [];
    return node === undefined ? -1 : this[NODES].indexOf(node);
  }

  each(call) {
    if (typeof call !== 'function') throw new TypeError('Argument to each() must be a function.');
    this[NODES].forEach((_, at) => call(at, this.get(at)));
    return this;
  }

  map(call) {
    if (typeof call !== 'function') throw new TypeError('Argument to map() must be a function');
    return this[NODES].map((node, at) => String(call(at, this.#with([node]))));
  }

  filter(wanted) {
    return this.#with(this.#passing(wanted, 'filter'));
  }

  not(unwanted) {
    const passing = new Set(this.#passing(unwanted, 'not'));
    return this.#with(this[NODES].filter((node) => !passing.has(node)));
  }

  is(wanted) {
    return this.#passing(wanted, 'is').length > 0;
  }

  has(wanted) {
    const inside = (node) => this.#with([node]).find(wanted).size() > 0;
    return this.#with(this[NODES].filter(inside));
  }

  add(more) {
    const nodes = typeof more === 'string' ? this.#all(more) : nodesOf(more) ?? refuse(more);
    return this.#with(unique([...this[NODES], ...nodes]));
  }

  end() {
    return this[BEFORE] ?? this.#with([]);
  }

  // Other nodes

  find(wanted) {
    if (typeof wanted === 'string') return this.#with(native.find(this[DOCUMENT], this[NODES], wanted, null));
    const nodes = nodesOf(wanted) ?? refuse(wanted);
    const within = (node) => this.#up(node).some((parent) => this[NODES].includes(parent));
    return this.#with(nodes.filter(within));
  }

  // At most one of the nodes that find() finds.
  single(selector) {
    return this.#with(native.find(this[DOCUMENT], this[NODES], String(selector), 1));
  }

  children(selector) {
    return this.#reached((node) => this.#elements(this.#line(node, 'first', 'next')), selector);
  }

  contents() {
    return this.#reached((node) => this.#line(node, 'first', 'next'));
  }

  next(selector) {
    return this.#reached((node) => this.#elements(this.#line(node, 'next')).slice(0, 1), selector);
  }

  nextAll(selector) {
    return this.#reached((node) => this.#elements(this.#line(node, 'next')), selector);
  }

  nextUntil(until, filter) {
    return this.#until((node) => this.#elements(this.#line(node, 'next')), until, filter);
  }

  prev(selector) {
    return this.#reached((node) => this.#elements(this.#line(node, 'previous')).slice(0, 1), selector);
  }

  prevAll(selector) {
    return this.#reached((node) => this.#elements(this.#line(node, 'previous')), selector);
  }

  prevUntil(until, filter) {
    return this.#until((node) => this.#elements(this.#line(node, 'previous')), until, filter);
  }

  siblings(selector) {
    const all = (node) => [...this.#line(node, 'previous').reverse(), ...this.#line(node, 'next')];
    return this.#reached((node) => this.#elements(all(node)), selector);
  }

  parent(selector) {
    return this.#reached((node) => this.#up(node).slice(0, 1), selector);
  }

  parents(selector) {
    return this.#reached((node) => this.#up(node), selector);
  }

  parentsUntil(until, filter) {
    return this.#until((node) => this.#up(node), until, filter);
  }

  closest(wanted) {
    const reached = (node) => {
      const line = [node, ...this.#up(node)];
      const nodes = typeof wanted === 'string' ? native.matching(this[DOCUMENT], line, wanted) : nodesOf(wanted) ?? refuse(wanted);
      return line.filter((one) => nodes.includes(one)).slice(0, 1);
    };
    return this.#reached(reached);
  }

  // Forms

  serializeArray() {
    const fields = this.is('form') ? this.find(SUBMITTED) : this.filter(SUBMITTED);
    const submitted = fields.toArray().filter((field) => {
      const type = field.attr('type', '');
      const chosen = !['checkbox', 'radio'].includes(type) || field.attr('checked') !== undefined;
      return field.attr('name', '') !== '' && field.attr('disabled') === undefined && !UNSENT.includes(type) && chosen;
    });
    return submitted.map((field) => ({ name: field.attr('name'), value: field.val() }));
  }

  serializeObject() {
    return Object.fromEntries(this.serializeArray().map(({ name, value }) => [name, value]));
  }

  serialize() {
    return encodedForm(this.serializeObject());
  }

  // One node of the same document.
  at(node) {
    return this.#with([node]);
  }

  // A selection's JSON is no copy of the document.
  toJSON() {
    return { url: this[URL_] };
  }

  #with(nodes) {
    return new Selection(this[DOCUMENT], nodes, this[URL_], this);
  }

  // What is read of the first node.
  #read(read) {
    return this[NODES].length === 0 ? undefined : read(this[DOCUMENT], this[NODES][0]);
  }

  #all(selector) {
    return native.find(this[DOCUMENT], [0], selector, null);
  }

  #elements(nodes) {
    return nodes.filter((node) => native.type(this[DOCUMENT], node) === 1);
  }

  // The nodes that are reached from one by a step, and from there by further steps.
  #line(node, step, further = step) {
    const line = [];
    let at = native.relative(this[DOCUMENT], node, step);
    while (at !== undefined && at !== null) {
      line.push(at);
      at = native.relative(this[DOCUMENT], at, further);
    }
    return line;
  }

  // The elements around a node, the nearest first.
  #up(node) {
    return this.#elements(this.#line(node, 'parent'));
  }

  #reached(reach, selector) {
    const nodes = unique(this[NODES].flatMap(reach));
    return this.#with(selector === undefined ? nodes : native.matching(this[DOCUMENT], nodes, String(selector)));
  }

  #until(reach, until, filter) {
    const before = (nodes) => {
      if (until === undefined || until === null || until === '') return nodes;
      const ends = typeof until === 'string' ? native.matching(this[DOCUMENT], nodes, until) : nodesOf(until) ?? refuse(until);
      const at = nodes.findIndex((node) => ends.includes(node));
      return at === -1 ? nodes : nodes.slice(0, at);
    };
    return this.#reached((node) => before(reach(node)), filter ?? undefined);
  }

  // Those of the nodes that a selector, a selection, an element or a function names.
  #passing(wanted, what) {
    if (typeof wanted === 'string') return native.matching(this[DOCUMENT], this[NODES], wanted);
    if (typeof wanted === 'function') return this[NODES].filter((node, at) => wanted(at, this.#with([node])));
    const nodes = nodesOf(wanted);
    if (nodes) return this[NODES].filter((node) => nodes.includes(node));
    throw new TypeError(`Argument to ${what}() must be a function, a selector or a selection`);
  }
}

// What map, filter, is and not hand to a function is a selection of one node that can do what an element can.
for (const name of Object.getOwnPropertyNames(Element.prototype)) {
  if (name in Selection.prototype) continue;
  const call = function (...values) {
    return this.get(0)?.[name](...values);
  };
  Object.defineProperty(Selection.prototype, name, { value: call, writable: true, configurable: true });
}

const SUBMITTED = 'input,select,textarea,keygen';
const UNSENT = ['submit', 'button', 'reset', 'image', 'file'];

const refuse = (given) => {
  throw new TypeError(`Invalid argument: Cannot use a ${typeof given} as a selector`);
};

function nodesOf(given) {
  if (given instanceof Selection) return given[NODES];
  return given instanceof Element ? [nodeOf(given)] : undefined;
}

const valueOrHtml = (selection) => selection.attr('value') ?? selection.html();

// A data attribute's value as what it looks like.
function converted(value) {
  if (value === '') return value;
  try {
    if (/^[[{]/.test(value) || /^(true|false|null)$/.test(value)) return JSON.parse(value);
  } catch {
    return value;
  }
  if (value === 'undefined') return undefined;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(value) ? Number(value) : value;
}

const escaped = (text) =>
  encodeURIComponent(text).replace(/%20/g, '+').replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);

// Fields as a form sends them, in the order of their names.
export function encodedForm(fields) {
  const pairs = Object.keys(fields).sort().flatMap((name) => [fields[name]].flat().map((value) => [name, value]));
  return pairs.map(([name, value]) => `${escaped(name)}=${escaped(String(value ?? ''))}`).join('&');
}

export function parseHTML(text, url = '') {
  return new Selection(native.parse(String(text)), [0], url);
}

// What nodeType() gives.
export const NodeType = { ElementNode: 1, TextNode: 3, CommentNode: 8, DocumentNode: 9, DoctypeNode: 10 };

export default { parseHTML, NodeType };
