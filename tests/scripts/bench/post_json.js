// What the guest post_json does.
import http from 'k6/http';
import { check } from 'k6';

const url = `${__ENV.BASE_URL}post`;
const params = { headers: { 'Content-Type': 'application/json' } };

export default function () {
  const res = http.post(url, JSON.stringify({ name: 'lorem', surname: 'ipsum' }), params);
  check(res, {
    'status is 200': (r) => r.status === 200,
    'content type is JSON': (r) => r.headers['Content-Type'].startsWith('application/json'),
    'name comes back': (r) => r.json('json.name') === 'lorem',
  });
}
