// What the scripts of the tests assert with: a check for each value, and a line in the log for each that is another one.
import { check } from 'k6';

const shown = (value) => (value === undefined ? 'undefined' : JSON.stringify(value));

export function same(name, value, expected) {
  const is = shown(value) === shown(expected);
  if (!is) console.error(`${name}: ${shown(value)} instead of ${shown(expected)}`);
  check(null, { [name]: is });
}

// Calls must throw an error whose text begins so.
export function fails(name, call, expected) {
  let text = 'nothing thrown';
  try {
    call();
  } catch (error) {
    text = String(error);
  }
  same(name, text.slice(0, expected.length), expected);
}

export async function rejects(name, promise, expected) {
  const text = await promise.then(() => 'nothing thrown', String);
  same(name, text.slice(0, expected.length), expected);
}
