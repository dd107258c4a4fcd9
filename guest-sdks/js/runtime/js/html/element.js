// Elements of HTML: what every node of a document can be asked.
import native from 'brunt:native/html';

const SELECTION = Symbol('selection');
const DOCUMENT = Symbol('document');
const NODE = Symbol('node');

class Attribute {
  constructor(owner, [name, value, prefix, namespace]) {
    Object.assign(this, { ownerElement: owner, name, value });
    Object.defineProperties(this, {
      localName: { value: () => name }, prefix: { value: () => prefix }, namespaceURI: { value: () => namespace },
    });
  }
}

// A node; elements of some tags have classes of their own.
export class Element {
  constructor(selection, document, node) {
    Object.defineProperties(this, { [SELECTION]: { value: selection }, [DOCUMENT]: { value: document }, [NODE]: { value: node } });
  }

  selection() {
    return this[SELECTION];
  }

  // Names and content

  nodeName() {
    return native.name(this[DOCUMENT], this[NODE]);
  }

  nodeType() {
    return native.type(this[DOCUMENT], this[NODE]);
  }

  nodeValue() {
    return [3, 8].includes(this.nodeType()) ? native.text(this[DOCUMENT], this[NODE]) : undefined;
  }

  innerHTML() {
    return this[SELECTION].html();
  }

  textContent() {
    return this[SELECTION].text();
  }

  toString() {
    return this.nodeType() === 1 ? '[object html.Node]' : `[object ${this.nodeName()}]`;
  }

  namespaceURI() {
    return native.namespace(this[DOCUMENT], this[NODE]) ?? '';
  }

  isDefaultNamespace() {
    return ['', 'http://www.w3.org/1999/xhtml'].includes(this.namespaceURI());
  }

  // Attributes

  id() {
    return this.getAttribute('id') ?? '';
  }

  className() {
    return this.getAttribute('class');
  }

  classList() {
    return (this.className() ?? '').split(/\s+/).filter(Boolean);
  }

  lang() {
    return this.getAttribute('lang');
  }

  attributes() {
    const all = native.attributes(this[DOCUMENT], this[NODE]);
    return Object.fromEntries(all.map((parts) => [parts[0], new Attribute(this, parts)]));
  }

  getAttribute(name) {
    return this[SELECTION].attr(name);
  }

  getAttributeNode(name) {
    return this.attributes()[name];
  }

  hasAttribute(name) {
    return this.getAttribute(name) !== undefined;
  }

  hasAttributes() {
    return native.attributes(this[DOCUMENT], this[NODE]).length > 0;
  }

  // Other nodes

  firstChild() {
    return this.#relative('first');
  }

  lastChild() {
    return this.#relative('last');
  }

  nextSibling() {
    return this.#relative('next');
  }

  previousSibling() {
    return this.#relative('previous');
  }

  parentNode() {
    return this.#relative('parent');
  }

  firstElementChild() {
    return this[SELECTION].children().get(0);
  }

  lastElementChild() {
    return this[SELECTION].children().get(-1);
  }

  nextElementSibling() {
    return this[SELECTION].next().get(0);
  }

  previousElementSibling() {
    return this[SELECTION].prev().get(0);
  }

  parentElement() {
    return this[SELECTION].parent().get(0);
  }

  childNodes() {
    return this[SELECTION].contents().get();
  }

  children() {
    return this[SELECTION].children().get();
  }

  childElementCount() {
    return this[SELECTION].children().size();
  }

  hasChildNodes() {
    return this.firstChild() !== undefined;
  }

  ownerDocument() {
    let node = this;
    while (node.parentNode()) node = node.parentNode();
    return node;
  }

  // Comparisons and searches

  isSameNode(other) {
    return other instanceof Element && other[DOCUMENT] === this[DOCUMENT] && other[NODE] === this[NODE];
  }

  isEqualNode(other) {
    return other instanceof Element && other.innerHTML() === this.innerHTML();
  }

  contains(other) {
    for (let node = other?.parentNode?.(); node; node = node.parentNode()) if (this.isSameNode(node)) return true;
    return false;
  }

  matches(selector) {
    return this[SELECTION].is(String(selector));
  }

  querySelector(selector) {
    return this[SELECTION].single(selector).get(0);
  }

  querySelectorAll(selector) {
    return this[SELECTION].find(String(selector)).get();
  }

  getElementsByTagName(name) {
    return this.querySelectorAll(name);
  }

  getElementsByClassName(name) {
    return this.querySelectorAll(`.${name}`);
  }

  #relative(which) {
    const node = native.relative(this[DOCUMENT], this[NODE], which);
    return node === undefined || node === null ? undefined : this[SELECTION].at(node).get(0);
  }
}

export const nodeOf = (element) => element[NODE];
