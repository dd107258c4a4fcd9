// The smallest script that sends requests.
import http from 'k6/http';

const url = __ENV.BASE_URL;

export default function () {
  http.get(url);
}
