// Publishes with k6's own API, and measures requests with the typed interface.
//
// brunt run --extension brunt_nats.wasm --env NATS=nats://127.0.0.1:4222 nats.js
import { check, sleep } from 'k6';
import { Nats } from 'k6/x/nats';

export const options = {
  vus: 5,
  duration: '10s',
  thresholds: { nats_errors: ['count<1'], checks: ['rate>0.99'] },
};

const nats = new Nats({ servers: [__ENV.NATS || 'nats://127.0.0.1:4222'] });
const orders = [];
const subject = `orders.${__VU}`;
nats.subscribe(subject, (message) => orders.push(message));

export default function () {
  nats.publishWithHeaders(subject, 'one of everything', { customer: String(__VU) });
  sleep(0.1);
  check(orders.pop(), {
    'the order came': (message) => message !== undefined && message.data === 'one of everything',
    'its customer too': (message) => message !== undefined && message.header.customer === String(__VU),
  });
}
