// As the examples of k6's extension are: clients and a subscription made in init, and what came checked after a sleep.
import { check, sleep } from 'k6';
import { Nats } from 'k6/x/nats';

const config = { servers: [__ENV.NATS], unsafe: true };
const publisher = new Nats(config);
const subscriber = new Nats(config);
const stack = [];
const subscription = subscriber.subscribe('topic', (message) => stack.push(message));

export default function () {
  publisher.publish('topic', 'this is a message');
  publisher.publishWithHeaders('topic', 'with headers', { one: '1', two: 2 });
  publisher.publisWithHeaders('topic', 'misspelt', { one: 'x' });
  publisher.publishMsg({ topic: 'topic', raw: [1, 2, 3], header: { a: 'b' } });
  publisher.publishMsg({ topic: 'topic', data: 'text', headers: { a: 'c' } });
  sleep(0.5);
  const [text, headers, misspelt, raw, data] = stack;
  check(stack, { 'five came': (all) => all.length === 5 });
  check(text, { text: (m) => m.data === 'this is a message' && m.topic === 'topic' });
  check(headers, { headers: (m) => m.header.one === '1' && m.header.two === '2' });
  check(misspelt, { misspelt: (m) => m.header.one === 'x' });
  check(raw, { raw: (m) => m.raw.length === 3 && m.raw[2] === 3 && m.header.a === 'b' });
  check(data, { data: (m) => m.data === 'text' && m.header.a === 'c' });
  subscription.close();
  publisher.publish('topic', 'nobody listens');
  sleep(0.1);
  check(stack, { 'none after it was closed': (all) => all.length === 5 });
}

export function teardown() {
  subscription.close();
  publisher.close();
  subscriber.close();
}
