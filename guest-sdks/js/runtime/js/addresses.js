// URLs as pages refer to them, by RFC 3986.

const PARTS = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is;

// Absent parts are undefined, which differs from empty ones.
export function parsed(address) {
  const [, scheme, authority, path, query, fragment] = PARTS.exec(address);
  return { scheme: scheme?.toLowerCase(), authority, path, query, fragment };
}

export function composed({ scheme, authority, path, query, fragment }) {
  const before = (mark, part) => (part === undefined ? '' : mark + part);
  const start = scheme === undefined ? '' : `${scheme}:`;
  return start + before('//', authority) + path + before('?', query) + before('#', fragment);
}

// What an address means on the page of another one.
export function resolved(base, address) {
  const from = parsed(base);
  const to = parsed(address.trim());
  if (to.scheme !== undefined) return { ...to, path: straight(to.path) };
  if (to.authority !== undefined) return { ...to, scheme: from.scheme, path: straight(to.path) };
  const site = { scheme: from.scheme, authority: from.authority, fragment: to.fragment };
  if (to.path === '') return { ...site, path: from.path, query: to.query ?? from.query };
  if (to.path.startsWith('/')) return { ...site, path: straight(to.path), query: to.query };
  const folder = from.authority !== undefined && from.path === '' ? '/' : from.path.replace(/[^/]*$/, '');
  return { ...site, path: straight(folder + to.path), query: to.query };
}

// A path without `.` and `..`.
function straight(path) {
  if (!path.includes('.')) return path;
  const parts = path.split('/');
  const kept = [];
  parts.forEach((part, at) => {
    const last = at === parts.length - 1;
    if (part === '..' && kept.length > 1) kept.pop();
    if (part !== '.' && part !== '..') kept.push(part);
    else if (last) kept.push('');
  });
  return kept.join('/');
}
