// One request of every kind: the server says what it saw of each.
import http from 'k6/http';

const base = __ENV.BASE_URL;

export default function () {
  http.get(`${base}/get`, { headers: { 'X-One': '1', 'x-two': 2 } });
  http.head(`${base}/head`);
  http.post(`${base}/text`, 'plain text', { headers: { 'Content-Type': 'text/plain' } });
  http.post(`${base}/form`, { name: 'lorem ipsum', list: ['a', 'b'] });
  http.put(`${base}/bytes`, new Uint8Array([1, 2, 255]).buffer);
  http.patch(`${base}/view`, new Uint8Array([9, 1, 2, 9]).subarray(1, 3));
  http.del(`${base}/del`, 'gone');
  http.del(`${base}/nothing`);
  http.options(`${base}/options`);
  http.request('propfind', `${base}/request`, 'any');
  http.post(`${base}/multipart`, { field: 'value', file: http.file('content', 'a.txt', 'text/csv') });
  http.post(`${base}/gzip`, 'x'.repeat(1000), { compression: 'gzip' });
  http.get(`${base}/cookies`, { cookies: { plain: 'a', other: { value: 'b', replace: true } } });
  http.get(`${base}/auth`.replace('//', '//user:secret@'), { auth: 'basic' });
  const jar = new http.CookieJar();
  jar.set(base, 'own', 'jar', { path: '/jar', max_age: 60 });
  http.get(`${base}/jar`, { jar });
  http.cookieJar().set(base, 'vu', 'cookie');
  http.get(`${base}/vu-jar`);
  http.get(http.url`${base}/grouped/${7}/${'x'}`);
  http.get(`${base}/tagged`, { tags: { name: 'tagged', kind: 'own' } });
}
