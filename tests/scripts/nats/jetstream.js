// JetStream as k6's extension has it, set up in init.
import { check, sleep } from 'k6';
import { Nats } from 'k6/x/nats';

const config = { servers: __ENV.NATS };
const publisher = new Nats(config);
const subscriber = new Nats(config);
publisher.jetStreamSetup({ name: 'mock', subjects: ['foo'], max_msgs_per_subject: 100, discard: 0, storage: 1 });

export default function () {
  const got = [];
  publisher.jetStreamPublish('foo', 'one');
  publisher.jetStreamPublishWithHeaders('foo', 'two', { h: 'x' });
  publisher.jetStreamPublishMsg({ topic: 'foo', raw: new Uint8Array([51]), header: { h: 'y' } });
  // It is there already, and is changed.
  publisher.jetStreamSetup({ name: 'mock', subjects: ['foo'], max_msgs_per_subject: 200, storage: 'memory' });
  const subscription = subscriber.jetStreamSubscribe('foo', (message) => got.push(message));
  sleep(0.5);
  check(got, {
    'all came': (all) => all.map((m) => m.data).join() === 'one,two,3',
    topic: (all) => all[0].topic === 'foo',
    header: (all) => all[1].header.h === 'x' && all[2].header.h === 'y',
  });
  subscription.close();
  let refused;
  try {
    publisher.jetStreamPublish('elsewhere', 'x');
  } catch (error) {
    refused = error;
  }
  check(refused, { 'no stream': (e) => e !== undefined && e.message.includes('no stream') });
}

export function teardown() {
  publisher.jetStreamDelete('mock');
  publisher.jetStreamDelete('mock');
}
