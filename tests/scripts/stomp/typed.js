// The typed interface: promises beside timers, exceptions with what the server says.
import { check } from 'k6';
import { Client, Options } from 'brunt:stomp/client';
import { ready } from 'brunt:events';

export default async function () {
  const options = new Options();
  options.setLogin('guest', 'guest');
  options.setVirtualHost('/');
  const client = Client.connect(__ENV.STOMP, options);
  const subscription = client.subscribe('/queue/typed', 'auto', []);
  const receipt = client.startSend('/queue/typed', 'text/plain', new Uint8Array([104, 105]), [['a', 'b']]);
  await Promise.all([ready(receipt.done()), ready(subscription.ready())]);
  check(receipt.take(), { 'took some time': (nanoseconds) => nanoseconds > 0 });
  const message = subscription.next(0);
  check(message, { body: (m) => m.body().length === 2, header: (m) => m.header('a') === 'b' });
  let thrown;
  try {
    client.ack(message);
  } catch (error) {
    thrown = error;
  }
  check(thrown, { 'an error of its kind': (error) => error?.payload?.kind === 'invalid' && error.message.includes('auto') });
  client.disconnect();
}
