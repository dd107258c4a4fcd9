import { SharedArray } from 'k6/data';
import csv, { Parser, parse } from 'k6/experimental/csv';
import fs, { SeekMode, open as openFile } from 'k6/experimental/fs';
import { rejects, fails, same } from './same.js';

// Each VU has rows of its own, and all share what is parsed at once.
export const options = { scenarios: { each: { executor: 'per-vu-iterations', vus: 3, iterations: 1 } } };

const file = await openFile('people.csv');
const people = await parse(file, { asObjects: true });
const rows = await csv.parse(file);
const some = await parse(file, { fromLine: 1, toLine: 2 });
const skipped = await parse(file, { skipFirstLine: true });
const others = await parse(await fs.open('./semicolons.csv'), { delimiter: ';', asObjects: true });
const uneven = await openFile('uneven.csv');
const unevenRows = new Parser(uneven);
const parser = new Parser(file, { asObjects: true });
const plain = new Parser(file, { skipFirstLine: true, toLine: 1 });
const errors = {};
const told = async (name, promise) => {
  errors[name] = await promise.then(() => 'nothing', String);
};
await told('absent', openFile('absent.csv'));
await told('empty', openFile(''));
await told('outside', openFile('../../Cargo.toml'));
await told('no file', parse('people.csv'));
await told('both', parse(file, { asObjects: true, skipFirstLine: true }));
await told('from', parse(file, { asObjects: true, fromLine: 2 }));
await told('order', parse(file, { fromLine: 3, toLine: 3 }));
await told('negative', parse(file, { fromLine: -1 }));
await told('delimiter', parse(file, { delimiter: ';;' }));
await told('beyond', parse(file, { fromLine: 50 }));
await told('uneven', parse(uneven));

export default async function () {
  same('objects', people[1], { name: 'ann "a"', age: '30', city: 'Rom' });
  same('a shared array', [people.length, Array.isArray(people), people.map((one) => one.name)], [4, true, ['joe', 'ann "a"', 'sam', 'kim']]);
  fails('that is read-only', () => { people[0] = 1; }, 'TypeError: ');
  same('rows', [rows.length, rows[0], rows[1]], [5, ['name', 'age', 'city'], ['joe', '7', 'New York, NY']]);
  same('some rows', some.map((row) => row[0]), ['joe', 'ann "a"']);
  same('without the first', [skipped.length, skipped[0][0]], [4, 'joe']);
  same('another delimiter', [...others], [{ a: '1', b: '2' }]);
  await parsers();
  await files();
  wrong();
  await rejects('open in an iteration', openFile('people.csv'), 'Error: open() failed; reason: it is possible only while the script is initialised');
  await rejects('parse in an iteration', parse(file), 'Error: csv.parse() is possible only while the script is initialised');
  fails('a parser in an iteration', () => new Parser(file), 'Error: csv Parser constructor must be called in the init context');
}

async function parsers() {
  same('a first row', await parser.next(), { done: false, value: { name: 'joe', age: '7', city: 'New York, NY' } });
  same('a second row', (await parser.next()).value.name, 'ann "a"');
  await parser.next();
  await parser.next();
  same('the end', [await parser.next(), await parser.next()], [{ done: true, value: [] }, { done: true, value: [] }]);
  same('up to a line', [(await plain.next()).value[0], (await plain.next()).done], ['joe', true]);
  await unevenRows.next();
  await unevenRows.next();
  await rejects('a row that is too long', unevenRows.next(), 'Error: CSV error: record 2');
}

async function files() {
  same('path', [file.path.startsWith('/'), file.path.endsWith('/tests/scripts/people.csv')], [true, true]);
  same('stat', await file.stat(), { name: 'people.csv', size: 78 });
  const into = new Uint8Array(4);
  same('read', [await file.read(into), String.fromCharCode(...into)], [4, 'name']);
  same('read on', [await file.read(into), String.fromCharCode(...into)], [4, ',age']);
  same('seek', [await file.seek(-8, SeekMode.End), await file.read(into), String.fromCharCode(...into)], [70, 4, '11,B']);
  same('seek from here', [await file.seek(-4, SeekMode.Current), await file.read(new Uint8Array(100)), await file.read(into)], [70, 8, null]);
  same('seek to the start', await file.seek(0, SeekMode.Start), 0);
  await rejects('a seek before the start', file.seek(-1, SeekMode.Start), 'TypeError: seek() failed; reason: from the start');
  await rejects('a seek beyond the end', file.seek(1, SeekMode.End), 'TypeError: seek() failed; reason: from the end');
  await rejects('a seek from nowhere', file.seek(1, 7), 'TypeError: seek() failed; reason: the whence must be a SeekMode');
  await rejects('a read into text', file.read('x'), 'TypeError: read() failed; reason: it reads into a Uint8Array');
}

function wrong() {
  const begins = {
    absent: 'Error: absent.csv', empty: "TypeError: open() failed; reason: the path can't be empty", outside: "Error: ../../Cargo.toml",
    'no file': 'TypeError: first argument expected to be a fs.File instance, got string instead',
    both: "TypeError: the 'asObjects' option can't be enabled with 'skipFirstLine'",
    from: "TypeError: the 'asObjects' option can't be enabled with a 'fromLine' greater than 0",
    order: "RangeError: the 'fromLine' option must be less than the 'toLine' option; got 'fromLine': 3, 'toLine': 3",
    negative: "RangeError: the 'fromLine' option must be greater than or equal to 0; got -1",
    delimiter: 'TypeError: delimiter must be a single character',
    beyond: 'Error: a line that is to be skipped is not there: the file has ended',
    uneven: 'Error: CSV error: record 2',
  };
  for (const [name, begin] of Object.entries(begins)) same(`error: ${name}`, errors[name].slice(0, begin.length), begin);
}
