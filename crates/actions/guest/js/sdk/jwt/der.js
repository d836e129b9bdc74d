// DER, as far as public keys and certificates need it. Undefined for anything else.

// The members one after another: [{ tag, body }, …].
export function readAll(bytes) {
  if (bytes === undefined) return undefined;
  const out = [];
  let at = 0;
  while (at < bytes.length) {
    const one = next(bytes, at);
    if (one === undefined || out.length === 64) return undefined;
    out[out.length] = one;
    at = one.end;
  }
  return out.length === 0 ? undefined : out;
}

// The content of the one value with that tag.
export function read(bytes, tag) {
  const one = next(bytes, 0);
  return one !== undefined && one.tag === tag && one.end === bytes.length ? one.body : undefined;
}

function next(bytes, at) {
  if (at + 2 > bytes.length) return undefined;
  const tag = bytes[at];
  let length = bytes[at + 1], start = at + 2;
  if (length > 0x80) {
    const size = length - 0x80;
    if (size > 3 || start + size > bytes.length) return undefined;
    length = 0;
    for (let i = 0; i < size; i++) length = length * 256 + bytes[start + i];
    start += size;
  } else if (length === 0x80) {
    return undefined;
  }
  const end = start + length;
  return end <= bytes.length ? { tag, body: bytes.subarray(start, end), end } : undefined;
}
