// Ten users who ask for a page and check what they get.
import http from 'k6/http';
import { check, sleep } from 'k6';

export const options = {
  vus: 10,
  duration: '30s',
  thresholds: { http_req_duration: ['p(95)<200'] },
};

const base = __ENV.BASE_URL || 'http://127.0.0.1:8080';

export default function () {
  const res = http.get(`${base}/get`);
  check(res, { 'status is 200': (r) => r.status === 200 });
  sleep(0.5);
}
