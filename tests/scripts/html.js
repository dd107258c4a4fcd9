import { parseHTML } from 'k6/html';
import { fails, same } from './same.js';

const PAGE = `<!DOCTYPE html><html lang="en"><head><title>A title</title></head><body>
<h1 id="top" data-test="dataval" data-num-a="123" data-num-b="1.5" data-num-c="12e3x" data-obj='{"a":1}' data-yes="true">Lorem ipsum</h1>
<p data-name="x">first <b>bold</b></p><p class="a b">second</p><!-- note --><p>third</p>
<a href="/next?x=1#frag" rel="nofollow me" id="l">Next page</a><a href="https://u:p@other.test:443/b?q">Other</a>
<form id="f1" method="post" action="/submit"><input type="text" name="user" value="joe"><input type="checkbox" name="c1" checked value="yes">
<input type="checkbox" name="c2"><input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked="checked">
<select name="s"><option>no</option><option selected value="v2">two</option></select><select name="m" multiple><option selected>x</option><option selected>y</option></select>
<textarea name="t">some text</textarea><input type="submit" name="go" value="Go"><input name="off" disabled value=1><label for="i9">L</label><input id="i9" name="sp" value="a b&amp;c"></form>
<table><thead><tr><th>H</th></tr></thead><tbody><tr><td>1</td><td id="c2" colspan="2">2</td></tr></tbody></table>
<ul><li>a<li class=k>b<li>c<li class=e>d</ul></body></html>`;

const names = (selection) => selection.toArray().map((one) => one.get(0).nodeName());

export default function () {
  const page = parseHTML(PAGE);
  texts(page);
  nodes(page);
  relatives(page);
  forms(page);
  elements(page);
  typed(page);
  wrong(page);
}

function texts(page) {
  same('text', page.find('title').text(), 'A title');
  same('text of several', page.find('p').text(), 'first boldsecondthird');
  same('html of the first', page.find('p').html(), 'first <b>bold</b>');
  same('html of none', page.find('nope').html(), '');
  same('attr', page.find('h1').attr('id'), 'top');
  same('attr that is absent', [page.find('h1').attr('x'), page.find('h1').attr('x', 'else')], [undefined, 'else']);
  same('data of a key', page.find('h1').data('numA'), 123);
  same('data', page.find('h1').data(), { test: 'dataval', numA: 123, numB: 1.5, numC: '12e3x', obj: { a: 1 }, yes: true });
  same('val', ['select[name=s]', 'select[multiple]', 'textarea', '#i9', 'p'].map((at) => page.find(at).val()), ['v2', ['x', 'y'], 'some text', 'a b&c', undefined]);
  same('entities', parseHTML('<p>a &lt; b &eacute;</p>').find('p').text(), 'a < b é');
}

function nodes(page) {
  const all = page.find('p');
  same('size', [all.size(), page.find('nope').size()], [3, 0]);
  same('eq first last', [all.eq(1).text(), all.eq(-1).text(), all.first().text(), all.last().text(), all.eq(7).size()], ['second', 'third', 'first bold', 'third', 0]);
  same('slice', [all.slice(1).size(), all.slice(0, 1).text(), page.find('li').slice(-2).text()], [2, 'first bold', 'cd']);
  same('get', [all.get(1).textContent(), all.get(7), all.get().length], ['second', undefined, 3]);
  same('toArray', all.toArray().map((one) => one.text()), ['first bold', 'second', 'third']);
  same('map', all.map((at, one) => at + one.text()), ['0first bold', '1second', '2third']);
  const seen = [];
  all.each((at, element) => seen.push([at, element.textContent(), element.classList()]));
  same('each', seen, [[0, 'first bold', []], [1, 'second', ['a', 'b']], [2, 'third', []]]);
  same('filter', [all.filter('.a').text(), all.filter((_, one) => one.text() === 'third').size(), all.filter(page.find('.b')).size()], ['second', 1, 1]);
  same('not', [all.not('.a').size(), all.not(all.first()).size(), all.not((at) => at > 0).text()], [2, 2, 'first bold']);
  same('is', [all.is('.a'), all.is('li'), all.is((at) => at === 2)], [true, false, true]);
  same('has', [all.has('b').size(), page.find('p:has(b)').text()], [1, 'first bold']);
  same('single', [page.single('p').text(), page.single('p').size(), page.single('nope').size()], ['first bold', 1, 0]);
  same('selectors', [page.find('a:contains("Next")').size(), page.find('ul > li:nth-child(2)').text(), page.find('input[name^=c]:not([checked])').size(), page.find('h1, .a').size()], [1, 'b', 1, 2]);
  same('index', [page.find('.k').index(), page.find('li').index(page.find('.k')), page.find('.k').index('li')], [1, 1, 1]);
}

function relatives(page) {
  const items = page.find('li');
  same('next prev', [page.find('.k').next().text(), page.find('.k').prev().text(), page.find('.k').next('.e').size()], ['c', 'a', 0]);
  same('nextAll prevAll', [page.find('.k').nextAll().text(), page.find('.e').prevAll().text()], ['cd', 'cba']);
  same('until', [page.find('.k').nextUntil('.e').text(), page.find('.e').prevUntil('.k').text(), items.first().nextUntil(page.find('.e')).text()], ['c', 'c', 'bc']);
  same('siblings', page.find('.k').siblings().text(), 'acd');
  same('parent', [names(items.parent()), page.find('b').parent('.a').size()], [['ul'], 0]);
  same('parents', [names(page.find('#c2').parents()), names(page.find('#c2').parents('table'))], [['tr', 'tbody', 'table', 'body', 'html'], ['table']]);
  same('parentsUntil', names(page.find('#c2').parentsUntil('body')), ['tr', 'tbody', 'table']);
  same('closest', [names(page.find('#c2').closest('table')), names(page.find('#c2').closest('td')), page.find('p').closest('ul').size()], [['table'], ['td'], 0]);
  same('children', [page.find('ul').children().size(), page.find('ul').children('.k').text()], [4, 'b']);
  same('contents', names(page.find('p').first().contents()), ['#text', 'b']);
  same('find within', [page.find('tbody').find('tr').size(), page.find('tr').find('td').size(), page.find('ul').find(page.find('.k')).size()], [1, 2, 1]);
}

function forms(page) {
  const form = page.find('form');
  const values = { user: 'joe', c1: 'yes', r: '2', s: 'v2', m: ['x', 'y'], t: 'some text', sp: 'a b&c' };
  same('serializeObject', form.serializeObject(), values);
  same('serializeArray', form.serializeArray(), Object.entries(values).map(([name, value]) => ({ name, value })));
  same('serialize', form.serialize(), 'c1=yes&m=x&m=y&r=2&s=v2&sp=a+b%26c&t=some+text&user=joe');
  same('serialize of fields', page.find('input').serialize(), 'c1=yes&r=2&sp=a+b%26c&user=joe');
}

function elements(page) {
  const title = page.find('h1').get(0);
  same('a node', [title.nodeName(), title.nodeType(), title.nodeValue(), title.id(), String(title)], ['h1', 1, undefined, 'top', '[object html.Node]']);
  same('its content', [title.innerHTML(), title.textContent()], ['Lorem ipsum', 'Lorem ipsum']);
  const attribute = title.attributes()['data-test'];
  same('its attributes', [attribute.name, attribute.value, attribute.ownerElement.id(), title.getAttribute('id'), title.getAttributeNode('id').value], ['data-test', 'dataval', 'top', 'top', 'top']);
  same('whether it has some', [title.hasAttribute('id'), title.hasAttribute('x'), title.hasAttributes(), title.hasChildNodes()], [true, false, true, true]);
  const second = page.find('p').get(1);
  same('siblings', [second.previousElementSibling().textContent(), second.nextSibling().nodeValue(), second.nextElementSibling().textContent()], ['first bold', ' note ', 'third']);
  const body = page.find('body').get(0);
  same('parents', [second.parentNode().nodeName(), second.parentElement().nodeName(), second.ownerDocument().nodeName()], ['body', 'body', '#document']);
  same('children', [page.find('ul').get(0).childElementCount(), page.find('ul').get(0).firstElementChild().textContent(), page.find('ul').get(0).lastElementChild().textContent(), page.find('p').get(0).childNodes().length], [4, 'a', 'd', 2]);
  same('contains', [body.contains(second), second.contains(second), second.contains(body)], [true, false, false]);
  same('comparisons', [second.isSameNode(page.find('.a').get(0)), second.isEqualNode(page.find('p').get(0)), second.matches('.b')], [true, false, true]);
  same('searches', [body.querySelector('p').textContent(), body.querySelectorAll('p').length, body.getElementsByClassName('a').length, body.getElementsByTagName('li').length], ['first bold', 3, 1, 4]);
  same('selection', second.selection().next().text(), 'third');
  same('lang and namespace', [page.find('html').get(0).lang(), title.namespaceURI()], ['en', 'http://www.w3.org/1999/xhtml']);
}

function typed(page) {
  const link = page.find('a').get(1);
  same('an address', [link.href(), link.protocol(), link.host(), link.port(), link.username(), link.password(), link.pathname(), link.search()], ['https://u:p@other.test:443/b?q', 'https', 'other.test', '443', 'u', 'p', '/b', '?q']);
  const near = page.find('#l').get(0);
  same('a link', [near.hash(), near.relList(), near.text(), String(near)], ['#frag', ['nofollow', 'me'], 'Next page', '/next?x=1#frag']);
  const form = page.find('form').get(0);
  same('a form', [form.method(), form.action(), form.length(), form.enctype()], ['post', '/submit', 11, 'application/x-www-form-urlencoded']);
  const field = page.find('#i9').get(0);
  same('a field', [field.name(), field.type(), field.value(), field.form().id(), field.formMethod(), field.labels().length, field.maxLength()], ['sp', 'text', 'a b&c', 'f1', 'post', 1, -1]);
  same('a label', page.find('label').get(0).control().id(), 'i9');
  const list = page.find('select').get(0);
  same('a list', [list.value(), list.selectedIndex(), list.options().length, list.type(), page.find('option').get(1).index()], ['v2', 1, 2, 'select', 1]);
  same('a table', [page.find('table').get(0).rows().length, page.find('table').get(0).tHead().nodeName(), page.find('#c2').get(0).cellIndex(), page.find('#c2').get(0).colSpan(), page.find('tbody tr').get(0).rowIndex()], [2, 'thead', 1, 2, 1]);
}

function wrong(page) {
  fails('a selector that is none', () => page.find('p:foo('), 'SyntaxError: "p:foo(" is no selector that brunt understands');
  fails('each without a function', () => page.find('p').each('x'), 'TypeError: Argument to each() must be a function.');
  fails('an object as a selector', () => page.find({}), 'TypeError: Invalid argument: Cannot use a object as a selector');
  fails('filter by a number', () => page.find('p').filter(7), 'TypeError: Argument to filter() must be a function, a selector or a selection');
  fails('a function that throws', () => page.find('p').map(() => { throw new RangeError('mine'); }), 'RangeError: mine');
}
