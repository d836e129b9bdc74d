// RLP, read strictly: one value, of lists and byte strings, and nothing behind it.

const DEPTH_MAX = 16;

// Undefined for anything that is not RLP.
export function decodeRlp(bytes) {
  const read = item(bytes, 0, bytes.length, 0);
  return read !== undefined && read.end === bytes.length ? read.value : undefined;
}

function item(bytes, at, limit, depth) {
  if (at >= limit || depth > DEPTH_MAX) return undefined;
  const first = bytes[at];
  if (first < 0x80) return { value: bytes.subarray(at, at + 1), end: at + 1 };
  const list = first >= 0xc0;
  const short = first - (list ? 0xc0 : 0x80);
  let start = at + 1, length = short;
  if (short > 55) {
    const size = short - 55;
    if (size > 4 || start + size > limit || bytes[start] === 0) return undefined;
    length = 0;
    for (let i = 0; i < size; i++) length = length * 256 + bytes[start + i];
    if (length <= 55) return undefined;
    start += size;
  }
  const end = start + length;
  if (end > limit) return undefined;
  if (!list) {
    if (length === 1 && bytes[start] < 0x80) return undefined;
    return { value: bytes.subarray(start, end), end };
  }
  const value = [];
  while (start < end) {
    const read = item(bytes, start, end, depth + 1);
    if (read === undefined) return undefined;
    value[value.length] = read.value;
    start = read.end;
  }
  return { value, end };
}
