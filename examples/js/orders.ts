// A shop: users from a file, an order in a group, custom metrics, two scenarios, setup and a summary of one's own; in TypeScript.
import http from 'k6/http';
import exec from 'k6/execution';
import { check, group, sleep } from 'k6';
import { SharedArray } from 'k6/data';
import { Counter, Trend } from 'k6/metrics';
import { pause } from './lib/pause.ts';

type User = { username: string; surname: string };

const users: User[] = new SharedArray('users', () => JSON.parse(open('./users.json')).users);
const orders = new Counter('orders');
const orderTime = new Trend('order_time', true);

export const options = {
  scenarios: {
    browse: { executor: 'constant-vus', vus: 5, duration: '5s', exec: 'browse' },
    order: { executor: 'constant-arrival-rate', rate: 10, timeUnit: '1s', duration: '5s', preAllocatedVUs: 5, exec: 'order' },
  },
  thresholds: { checks: ['rate==1'], 'http_req_duration{scenario:order}': ['p(95)<500'] },
};

const base = __ENV.BASE_URL || 'http://127.0.0.1:8080';

export function setup(): { token: string } {
  const res = http.get(`${base}/uuid`);
  return { token: String(res.json('uuid')) };
}

export function browse(): void {
  const res = http.get(http.url`${base}/anything/${exec.scenario.iterationInTest}`);
  check(res, { 'a page came': (r) => r.status === 200 });
  sleep(pause());
}

export function order(data: { token: string }): void {
  const user = users[exec.scenario.iterationInTest % users.length];
  group('order', () => {
    const res = http.post(`${base}/post`, JSON.stringify(user), {
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${data.token}` },
      tags: { name: 'order' },
    });
    check(res, { 'the user comes back': (r) => r.json('json.username') === user.username });
    orders.add(1, { user: user.username });
    orderTime.add(res.timings.duration);
  });
}
