import timers, { clearTimeout as clear, setTimeout as later } from 'k6/timers';
import { setInterval as every } from 'k6/experimental/timers';
import { fails, same } from './same.js';

export default async function () {
  const encoder = new TextEncoder();
  same('encode', [...encoder.encode('aé€😀')], [97, 195, 169, 226, 130, 172, 240, 159, 152, 128]);
  same('encode half a character', [...encoder.encode('\ud800')], [239, 191, 189]);
  same('encode nothing', [encoder.encode().length, encoder.encoding], [0, 'utf-8']);
  const into = new Uint8Array(4);
  same('encodeInto', [encoder.encodeInto('é€', into), [...into]], [{ read: 1, written: 2 }, [195, 169, 0, 0]]);

  const decode = (bytes, ...given) => new TextDecoder(...given).decode(new Uint8Array(bytes));
  same('decode', [decode([97, 195, 169, 240, 159, 152, 128]), new TextDecoder().decode()], ['aé😀', '']);
  same('decode a view', new TextDecoder().decode(new DataView(encoder.encode('xyz').buffer, 1, 1)), 'y');
  same('UTF-16', [decode([0x3d, 0xd8, 0, 0xde, 0x41, 0], 'utf-16'), decode([0, 0x41], 'UTF-16BE')], ['😀A', 'A']);
  same('a wrong byte', decode([97, 255, 98]), 'a\ufffdb');
  same('a mark', [decode([0xef, 0xbb, 0xbf, 65]), decode([0xef, 0xbb, 0xbf, 65], 'utf8', { ignoreBOM: true }).length], ['A', 2]);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const pieces = [[226], [130, 172, 195], [169]].map((bytes) => decoder.decode(new Uint8Array(bytes), { stream: true }));
  same('piece by piece', [pieces, decoder.decode(), decoder.encoding, decoder.fatal], [['', '€', 'é'], '', 'utf-8', true]);
  const halves = new TextDecoder('utf-16le');
  same('halves', [halves.decode(new Uint8Array([0x3d]), { stream: true }), halves.decode(new Uint8Array([0xd8, 0]), { stream: true }), halves.decode(new Uint8Array([0xde]))], ['', '', '😀']);
  fails('a wrong byte that is fatal', () => decoder.decode(new Uint8Array([255])), 'TypeError: TextDecoder: the bytes are no text in this encoding');
  fails('another encoding', () => new TextDecoder('latin1'), 'RangeError: TextDecoder: the encoding "latin1" is not there: it is utf-8, utf-16le or utf-16be');
  fails('text', () => decoder.decode('x'), 'TypeError: TextDecoder.decode() takes an ArrayBuffer');

  const seen = [];
  clear(later(() => seen.push('never'), 1));
  timers.setTimeout((value) => seen.push(value), 1, 'later');
  await new Promise((resolve) => {
    const timer = every(() => (seen.push('tick'), seen.length >= 3 && (clearInterval(timer), resolve())), 1);
  });
  same('timers', [seen.length, seen.includes('later'), seen.includes('never')], [3, true, false]);
}
