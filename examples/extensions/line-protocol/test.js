// A test that stores a value by the line protocol, and reads it again.
import { check } from 'k6';
import { Connection } from 'example:line-protocol/client';

export const options = { vus: 2, iterations: 10, thresholds: { checks: ['rate==1'], line_duration: ['p(95)<200'] } };

export default function () {
  const connection = Connection.open('127.0.0.1', Number(__ENV.PORT || 7070));
  const key = `key-${__VU}`;
  connection.ask(`SET ${key} a value`);
  check(connection.ask(`GET ${key}`), { 'the value is read again': (value) => value === 'a value' });
  let error;
  try {
    connection.ask('GET nothing');
  } catch (thrown) {
    error = thrown;
  }
  check(error, { 'a key that is not there is an error': (thrown) => thrown?.message === 'no such key' });
  connection.dispose();
}
