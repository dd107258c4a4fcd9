// What the guest get_checks does.
import http from 'k6/http';
import { check } from 'k6';

const url = __ENV.BASE_URL;

export default function () {
  const res = http.get(url);
  check(res, {
    'status is 200': (r) => r.status === 200,
    'body is not empty': (r) => r.body.length > 0,
  });
}
