// Requests: answered by a subscription of the same script, with the headers that were sent, or by nobody.
import { check } from 'k6';
import { Nats } from 'k6/x/nats';
import { Client, Options } from 'brunt:nats/client';
import { ready } from 'brunt:events';

const nats = new Nats({ servers: [__ENV.NATS] });

export default async function () {
  const responder = new Client(new Options([__ENV.NATS]));
  const questions = responder.subscribe('double');
  responder.flush();
  const asker = new Client(new Options([__ENV.NATS]));
  const pending = asker.startRequest({ subject: 'double', payload: '21', headers: [['lang', 'de']] });
  await ready(questions.readable());
  const question = questions.tryNext();
  check(question, { 'headers are sent': (q) => q.headers[0].join() === 'lang,de' });
  responder.publish(question.reply, '42');
  await ready(pending.done());
  check(pending.take(), { answer: (message) => new TextDecoder().decode(message.payload) === '42' });

  const answer = nats.request('outside', 'ping', { trace: '7' });
  check(answer, { 'answer from outside': (m) => m.data === 'trace 7: ping' });
  let refused;
  try {
    nats.request('nobody', '');
  } catch (error) {
    refused = error;
  }
  check(refused, { 'no responders': (e) => e.payload.kind === 'no-responders' && e.code === 503 && e.message.includes('nobody') });
}
