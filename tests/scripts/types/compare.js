// Compares what `@types/k6` declares, as `declared.cjs` wrote it into declared.json, with what there is.
import { check } from 'k6';
import * as k6 from 'k6';
import * as crypto from 'k6/crypto';
import * as data from 'k6/data';
import * as encoding from 'k6/encoding';
import * as execution from 'k6/execution';
import * as csv from 'k6/experimental/csv';
import * as fs from 'k6/experimental/fs';
import * as streams from 'k6/experimental/streams';
import * as html from 'k6/html';
import * as http from 'k6/http';
import * as metrics from 'k6/metrics';
import * as secrets from 'k6/secrets';
import * as timers from 'k6/timers';

const declared = JSON.parse(open('declared.json'));
const modules = {
  k6, 'k6/crypto': crypto, 'k6/data': data, 'k6/encoding': encoding, 'k6/execution': execution,
  'k6/experimental/csv': csv, 'k6/experimental/fs': fs, 'k6/experimental/streams': streams, 'k6/html': html,
  'k6/http': http, 'k6/metrics': metrics, 'k6/secrets': secrets, 'k6/timers': timers,
};
const file = await fs.open('rows.csv');
const parser = new csv.Parser(file);
const { Counter, Gauge, Rate, Trend } = metrics;
const made = { Counter: new Counter('a_counter'), Gauge: new Gauge('a_gauge'), Rate: new Rate('a_rate'), Trend: new Trend('a_trend') };

// What scripts give, and nobody gives to them.
const GIVEN = [
  'Checker', 'Checkers', 'JSONArray', 'JSONObject', 'Options', 'UnderlyingSource', 'QueuingStrategy', 'Tester', 'Handler', 'Mapper',
  'Params', 'RefinedParams', 'StructuredRequestBody', 'ObjectBatchRequest', 'ObjectRefinedBatchRequest', 'CookieOptions',
  'ExpectedStatusesObject',
];

// What the types declare and k6 calls otherwise: http_only and max_age.
const MISTAKEN = ['a k6/http.ResponseCookie.httpOnly', 'a k6/http.ResponseCookie.maxAge'];

// The tags of the elements whose classes are not called after them.
const TAGS = {
  Anchor: 'a', DataList: 'datalist', FieldSet: 'fieldset', FormField: 'input', Href: 'a', IFrame: 'iframe', Image: 'img', Media: 'video',
  Mod: 'ins', OList: 'ol', OptGroup: 'optgroup', Quote: 'q', TableBody: 'tbody', TableCell: 'td', TableCol: 'col', TableDataCell: 'td',
  TableFoot: 'tfoot', TableHead: 'thead', TableHeaderCell: 'th', TableRow: 'tr', TableSection: 'tbody', TextArea: 'textarea', UList: 'ul',
};
// Elements that are nothing outside of others.
const AROUND = {
  tbody: '<table>', tfoot: '<table>', thead: '<table>', tr: '<table>', td: '<table><tr>', th: '<table><tr>', col: '<table><colgroup>',
};
const element = (tag) => html.parseHTML(`${AROUND[tag] ?? ''}<${tag} id="one">`).find(tag).get(0);

// One of each class and interface that scripts get.
async function samples() {
  const response = http.get(__ENV.BASE_URL);
  // The first answer set a cookie.
  const { request } = http.get(__ENV.BASE_URL);
  const [received, sent] = [response, request].map(({ cookies }) => Object.values(cookies)[0]?.[0]);
  const reader = new streams.ReadableStream().getReader();
  let controller;
  new streams.ReadableStream({ start: (given) => void (controller = given) });
  const form = html.parseHTML('<form><input name=a value=b></form>').find('form');
  return {
    Hasher: crypto.createHash('md5'), SharedArray: [], File: file, FileInfo: await file.stat(), Parser: parser,
    ReadableStream: new streams.ReadableStream(), ReadableStreamDefaultReader: reader, ReadableStreamDefaultController: controller,
    CountQueuingStrategy: new streams.CountQueuingStrategy({ highWaterMark: 2 }),
    Response: response, RefinedResponse: response, RequestCookie: sent, ResponseCookie: received,
    CookieJarCookies: http.cookieJar().cookiesForURL(__ENV.BASE_URL), CookieJar: http.cookieJar(), FileData: http.file('x'),
    Selection: form, FormValue: form.serializeArray()[0], Element: element('p'), Attribute: element('p').getAttributeNode('id'),
    Metric: made.Trend, ...made,
  };
}

let compared = 0;

function tell(path, what) {
  console.error(`differs: ${path} ${what}`);
}

function kindOf(value) {
  if (value === null || value === undefined) return undefined;
  return typeof value;
}

function compare(path, value, shape) {
  compared += 1;
  const kind = shape.kind === 'class' ? 'function' : shape.kind;
  if (kind !== undefined && kindOf(value) !== kind) return tell(path, `is ${value === null ? 'null' : typeof value} and no ${shape.kind}`);
  if (shape.value !== undefined && value !== shape.value) return tell(path, `is ${value} and not ${shape.value}`);
  if (shape.kind === 'object') compareMembers(path, value, shape.members);
}

function compareMembers(path, value, members) {
  for (const [name, shape] of Object.entries(members ?? {})) {
    if (shape.optional || shape.abstract || MISTAKEN.includes(`${path}.${name}`)) continue;
    if (name in value) compare(`${path}.${name}`, value[name], shape);
    else tell(`${path}.${name}`, 'is not there');
  }
}

function compareModule(path, { exports, interfaces }, all) {
  const there = modules[path];
  for (const [name, shape] of Object.entries(exports)) {
    if (shape.abstract) continue;
    if (name in there) compare(`${path}.${name}`, there[name], shape);
    else tell(`${path}.${name}`, 'is not exported');
  }
  const classes = Object.entries(exports).filter(([, shape]) => shape.kind === 'class');
  for (const [name, { members }] of [...classes, ...Object.entries(interfaces)]) {
    if (GIVEN.includes(name)) continue;
    const tag = name.endsWith('Element') && name !== 'Element' && (TAGS[name.slice(0, -7)] ?? name.slice(0, -7).toLowerCase());
    const sample = tag ? element(tag) : all[name];
    if (sample === undefined) tell(`${path}.${name}`, 'has no sample in compare.js');
    else compareMembers(`a ${path}.${name}`, sample, members);
  }
}

export default async function () {
  const all = await samples();
  for (const [path, shape] of Object.entries(declared)) compareModule(path, shape, all);
  console.log(`compared ${JSON.stringify({ modules: Object.keys(declared).length, compared })}`);
  check(compared, { 'all is declared': (n) => n > 1000 });
}
