// A load test in JavaScript that uses the extension {{name}}.
import { check, sleep } from 'k6';
import { Client } from 'my:{{package}}/client';

export const options = {
  vus: 5,
  duration: '5s',
  thresholds: { checks: ['rate>0.99'] },
};

export default function () {
  const client = Client.connect(__ENV.HOST || '127.0.0.1', Number(__ENV.PORT || 7777));
  for (let number = 0; number < 10; number += 1) {
    const line = `line ${number}`;
    check(client.request(line), { 'the line came back': (response) => response === line });
  }
  client.dispose();
  sleep(1);
}
