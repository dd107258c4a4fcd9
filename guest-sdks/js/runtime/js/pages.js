// What a response can do as a page of HTML: be read by selectors, have a link clicked and a form submitted.
import { encodedForm, parseHTML } from 'k6/html';
import { composed, parsed, resolved } from 'brunt:addresses';

export function html(response, selector) {
  if (typeof response.body !== 'string') {
    throw new Error("the body is null so we can't transform it to HTML - this likely was because of a request error getting the response");
  }
  const page = parseHTML(response.body, response.url);
  return selector === undefined || selector === null ? page : page.find(String(selector));
}

export function clickLink(response, given, request) {
  const { selector = 'a[href]', params } = given ?? {};
  const link = html(response, selector).first();
  if (link.size() === 0) throw new Error(`no element found for selector '${selector}' in response '${response.url}'`);
  const href = link.attr('href');
  if (href === undefined) {
    throw new Error(`no valid href attribute value found on element '${selector}' in response '${response.url}'`);
  }
  return request('GET', composed(resolved(response.url, href)), null, params);
}

export function submitForm(response, given, request) {
  const { formSelector = 'form', submitSelector = '[type="submit"]', fields = {}, params } = given ?? {};
  const form = html(response, formSelector).first();
  if (form.size() === 0) throw new Error(`no form found for selector '${formSelector}' in response '${response.url}'`);
  const method = form.attr('method', 'get').toUpperCase();
  const action = form.attr('action');
  const address = action === undefined ? response.url : composed(resolved(response.url, action));
  const values = { ...form.serializeObject(), ...pressed(form.find(submitSelector)), ...fields };
  if (method !== 'GET') return request(method, address, values, params);
  return request('GET', composed({ ...parsed(address), query: encodedForm(values) }), null, params);
}

// The button's own field, which is sent because it is the one that submits.
function pressed(button) {
  const [name, value] = [button.attr('name'), button.attr('value')];
  return name === undefined || value === undefined ? {} : { [name]: value };
}
