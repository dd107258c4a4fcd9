import http from 'k6/http';
import { fails, same } from './same.js';

export default function () {
  const page = http.get(`${__ENV.BASE_URL}/folder/page`);
  same('html', page.html().find('title').text(), 'The page');
  same('html of a selector', page.html('a').size(), 3);
  same('an address of the page', page.html('#up').get(0).href(), `${__ENV.BASE_URL}/up?x=1`);

  same('clickLink', page.clickLink().status, 200);
  page.clickLink({ selector: '#up', params: { headers: { 'X-Mark': 'clicked' } } });
  page.submitForm();
  page.submitForm({ formSelector: '#search', fields: { q: 'two words' }, params: { tags: { kind: 'search' } } });
  page.submitForm({ formSelector: '#plain', submitSelector: '#second', fields: { list: ['1', '2'] } });

  fails('no link', () => page.clickLink({ selector: '.none' }), "Error: no element found for selector '.none' in response 'http://");
  fails('no href', () => page.clickLink({ selector: '#bare' }), "Error: no valid href attribute value found on element '#bare'");
  fails('no form', () => page.submitForm({ formSelector: '#none' }), "Error: no form found for selector '#none' in response 'http://");
  const none = http.get(`${__ENV.BASE_URL}/folder/page`, { responseType: 'none' });
  fails('no body', () => none.html(), "Error: the body is null so we can't transform it to HTML");
}
