// One request, and then nothing for as long as anybody looks.
import http from 'k6/http';
import { sleep } from 'k6';

const url = __ENV.BASE_URL;

export default function () {
  http.get(url);
  sleep(600);
}
