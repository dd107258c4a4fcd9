// As the examples of k6's extension are: connected in init, read one by one, and by a listener during a sleep.
import { check, sleep } from 'k6';
import stomp from 'k6/x/stomp';

const client = stomp.connect({
  addr: __ENV.STOMP,
  timeout: '10s',
  user: 'guest',
  pass: 'guest',
  host: '/',
  heartbeat: { incoming: '30s', outgoing: '30s' },
  receipt_timeout: '10s',
});

export default function () {
  client.send('/queue/script', 'application/json', JSON.stringify({ test: { is: '123' } }), { headers: { mine: 1 }, receipt: true });
  const subscription = client.subscribe('/queue/script', { ack: 'client' });
  const message = subscription.read();
  check(message, {
    string: (m) => m.string() === '{"test":{"is":"123"}}',
    json: (m) => m.json().test.is === '123',
    selector: (m) => m.json('test.is') === '123',
    header: (m) => m.header.mine === '1',
    bytes: (m) => m.body.length === 21,
  });
  client.ack(message);
  subscription.unsubscribe();
  check(subscription, { 'no longer active': (s) => !s.active() });

  const heard = [];
  const listening = client.subscribe('/topic/script', {
    listener: (m) => heard.push(m.string()),
  });
  for (let i = 0; i < 3; i++) client.send('/topic/script', 'text/plain', `message ${i}`);
  sleep(1);
  check(heard, { 'heard while it slept': (all) => all.join() === 'message 0,message 1,message 2' });
  listening.unsubscribe();

  const transaction = client.begin();
  transaction.send('/queue/script-tx', 'text/plain', 'dropped');
  transaction.abort();
  check(client, { server: (c) => c.server().startsWith('RabbitMQ'), session: (c) => c.session() !== '' });
}

export function teardown() {
  client.disconnect();
}
