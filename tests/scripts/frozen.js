// Changes what was there when the script was evaluated, in every iteration, and looks at what became of it.
import { check } from 'k6';
import { Counter } from 'k6/metrics';

const counted = new Counter('counted');

function must(what, is) {
  if (is !== true) throw new Error(`iteration ${__ITER}: ${what}`);
}

// Objects, arrays and functions that are changed and replaced.
const state = { count: 0, nested: { list: [1, 2, 3] }, gone: 'soon' };
let replaced = { generation: 0 };
let act = () => 'first';
const list = [];
const many = {};
function changes(i) {
  state.count += 1;
  state[`key${i % 40}`] = { i };
  if (i % 3 === 0) delete state[`key${(i + 7) % 40}`];
  delete state.gone;
  must('an old object keeps its count', state.count === i + 1 && !('gone' in state));
  must('a new object is what was put into an old one', state[`key${i % 40}`].i === i);
  replaced = { generation: replaced.generation + 1, before: i % 50 === 0 ? null : replaced };
  must('a variable keeps what it was given', replaced.generation === i + 1);
  const before = act();
  act = () => `act ${i}`;
  must('a function is replaced', before === (i === 0 ? 'first' : `act ${i - 1}`));
  list.push({ i });
  if (list.length > 100) list.splice(0, 90);
  must('an old array has what was pushed', list[list.length - 1].i === i);
  state.nested.list.push(i);
  if (state.nested.list.length > 30) state.nested.list.length = 3;
  must('what was there first is still there', state.nested.list[2] === 3);
  many[`m${i % 1000}`] = i;
}

// Garbage in cycles, also through what is old.
const anchor = { name: 'anchor', refs: [] };
function cycles(i) {
  for (let n = 0; n < 20; n += 1) {
    const one = { anchor, n };
    const two = { one, text: `${i}-${n}`.repeat(3) };
    one.two = two;
    one.self = () => one;
  }
  const young = { anchor };
  young.young = young;
  anchor.young = young;
  anchor.refs = [young, anchor];
  must('an old object can be in a cycle', anchor.young.anchor.refs[1] === anchor);
}

// Weak references from and to what is old.
const key = {};
const oldWeak = new WeakMap([[key, 'old']]);
const oldRef = new WeakRef(key);
const gone = new WeakMap();
let finalized = 0;
const registry = new FinalizationRegistry((held) => { finalized += held; });
function weak(i) {
  must('a weak map keeps its old key', oldWeak.get(key) === (i === 0 ? 'old' : i - 1));
  oldWeak.set(key, i);
  const young = { i };
  oldWeak.set(young, young);
  gone.set(young, { young, at: i });
  must('a weak map has young keys', oldWeak.get(young).i === i && gone.get(young).at === i);
  const map = new WeakMap([[key, { i }]]);
  must('a young weak map has old keys', map.get(key).i === i);
  must('an old target is never gone', oldRef.deref() === key && new WeakRef(anchor).deref() === anchor);
  registry.register({ i }, 1);
  if (i < 100) registry.register(anchor, 1000000);
}

// Classes, their prototypes and symbols.
const tag = Symbol('tag');
class Old {
  #secret = 1;
  static made = 0;
  constructor() { Old.made += 1; }
  get secret() { return this.#secret; }
  set secret(value) { this.#secret = value; }
  name() { return 'old'; }
}
const instance = new Old();
let Changing = class { kind() { return 0; } };
function classes(i) {
  const one = new Old();
  one.secret = i;
  one[tag] = { i };
  instance.secret = i;
  must('private fields', one.secret === i && instance.secret === i && one[tag].i === i);
  Old.prototype.name = function name() { return `name ${i}`; };
  must('a method is replaced', instance.name() === `name ${i}` && Old.made === i + 2);
  Changing = class extends Old { kind() { return i; } };
  must('a class is defined anew', new Changing().kind() === i && new Changing() instanceof Old);
  Old.made -= 2;
  Object.defineProperty(instance, 'defined', { get: () => i, configurable: true });
  must('a getter is defined anew', instance.defined === i);
  Object.setPrototypeOf(many, i % 2 === 0 ? { even: true } : null);
  must('a prototype is replaced', many.even === (i % 2 === 0 ? true : undefined));
  Array.prototype.lastOne = function lastOne() { return this[this.length - 1]; };
  must('what is built in can be added to', [1, i].lastOne() === i);
  delete Array.prototype.lastOne;
}

// Maps, strings, numbers and what runs over them.
const map = new Map([['a', 1]]);
const set = new Set();
const rope = `${'left '.repeat(200)}${'right '.repeat(200)}`;
const big = 2n ** 100n;
const bytes = new Uint8Array(64);
function* counting() { for (let n = 0; ; n += 1) yield n; }
const generator = counting();
must('a generator began', generator.next().value === 0);
let release;
const pending = new Promise((resolve) => { release = resolve; }).then((value) => ({ value }));
function containers(i) {
  map.set(i % 50, { i });
  if (i % 10 === 0) map.delete((i + 5) % 50);
  let sum = 0;
  for (const [at, value] of map) sum += at === 'a' ? value : 0;
  must('an old map keeps its entries', sum === 1 && map.get(i % 50).i === i);
  set.add(`text ${i % 64}`);
  if (set.size > 60) set.clear();
  must('slices of old strings', rope.slice(5 + (i % 5), 900).length === 895 - (i % 5) && rope.includes('right left') === false);
  must('old big integers', big + BigInt(i) - BigInt(i) === 2n ** 100n);
  bytes[i % 64] = i;
  must('old bytes', bytes[i % 64] === i % 256);
  must('an old generator goes on', generator.next().value === i + 1);
  const text = JSON.stringify({ state: { count: state.count }, list: list.slice(-2) });
  must('JSON goes both ways', JSON.parse(text).state.count === i + 1);
}

export default async function () {
  const i = __ITER;
  changes(i);
  cycles(i);
  weak(i);
  classes(i);
  containers(i);
  release(7);
  must('an old promise is resolved', (await pending).value === 7);
  if (i > 3000) must('young objects are collected', finalized > 1000 && finalized < 1000000);
  counted.add(1);
  check(state, { 'old conditions': (old) => old === state, [`young ${i % 3}`]: true });
}
