// Reads a body of type multipart/form-data.

import { File } from './blob.js';
import { decodeUtf8, encodeUtf8 } from './encoding.js';

const failed = () => new TypeError('Failed to parse body as FormData.');

export function parseMultipart(array, type, form) {
  const found = /;\s*boundary=(?:"([^"]*)"|([^;\s]+))/i.exec(type);
  if (found === null) throw failed();
  const fence = encodeUtf8(`--${found[1] ?? found[2]}`);
  let at = indexOf(array, fence, 0);
  if (at < 0) throw failed();
  for (;;) {
    at += fence.length;
    if (array[at] === 0x2d && array[at + 1] === 0x2d) return form;
    if (array[at] !== 0x0d || array[at + 1] !== 0x0a) throw failed();
    const head = indexOf(array, HEAD_END, at);
    const next = head < 0 ? -1 : indexOf(array, fence, head);
    if (next < 0 || next - 2 < head + 4 - 2) throw failed();
    const { name, filename, kind } = partHead(decodeUtf8(array.subarray(at + 2, head)));
    const content = array.slice(head + 4, next - 2 < head + 4 ? head + 4 : next - 2);
    if (filename === undefined) form.append(name, decodeUtf8(content));
    else form.append(name, new File([content], filename, { type: kind }));
    at = next;
  }
}
const HEAD_END = encodeUtf8('\r\n\r\n');

function partHead(head) {
  const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head);
  if (disposition === null) throw failed();
  const unquote = (value) => value?.replace(/%0A/gi, '\n').replace(/%0D/gi, '\r').replace(/%22/g, '"');
  const name = unquote(/(?:^|[;\s])name="([^"]*)"/i.exec(disposition[1])?.[1]);
  if (name === undefined) throw failed();
  return {
    name,
    filename: unquote(/[;\s]filename="([^"]*)"/i.exec(disposition[1])?.[1]),
    kind: /^content-type:\s*(.*)$/im.exec(head)?.[1].trim() ?? 'text/plain',
  };
}

function indexOf(array, wanted, from) {
  const last = array.length - wanted.length;
  for (let at = array.indexOf(wanted[0], from); at >= 0 && at <= last; at = array.indexOf(wanted[0], at + 1)) {
    let same = 1;
    while (same < wanted.length && array[at + same] === wanted[same]) same++;
    if (same === wanted.length) return at;
  }
  return -1;
}
