// Checks streams of Chirp against the rules, and believes nobody: the key comes from the chain, everything else is computed.
// node check.mjs --rpc URL --pkpnft ADDRESS --token ID --ceramic URL [STREAM…]    streams also line by line on standard input
// It shares no code with the actions, the page or the nodes, and needs nothing but Node.js.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { pathToFileURL } from 'node:url';

/** The models of ceramic/models/models.json: what makes a document of it, and what may change in it. */
export const MODELS = {
  kjzl6hvfrbw6c7smgid133e3czlus7c0tk8qu07jljb4ftgpghlcbtpowswea50: { name: 'profile', unique: ['user'], members: ['user', 'name'], changes: 'name' },
  kjzl6hvfrbw6c6q0v5toauqfhz9feo16hhqk7bh0aczd3fij0693exmpdyfd1f1: { name: 'post', unique: ['author', 'slot'], members: ['author', 'slot', 'text', 'createdAt'] },
  kjzl6hvfrbw6caqxvqhdnsqy6w3ug6m8h1uuy3d5093azgzxt7ym5on6m7ezuun: { name: 'like', unique: ['post', 'user'], members: ['post', 'user', 'liked'], changes: 'liked' },
};
const POSTS_A_DAY = 50, ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const { concat, from } = Buffer;
const same = (a, b) => Buffer.compare(from(a), from(b)) === 0;
class Fault extends Error {}
const demand = (holds, fault) => { if (!holds) throw new Fault(fault); };

// Texts of bytes.
const DIGITS = { b: ['abcdefghijklmnopqrstuvwxyz234567', 5], u: ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 6] };
function bitsOf(text, [digits, width]) {
  let held = 0, bits = 0;
  const bytes = [];
  for (const digit of text) {
    demand(digits.includes(digit), 'a text that is no encoding of bytes');
    held = (held << width | digits.indexOf(digit)) & 0xffff;
    bits += width;
    if (bits >= 8) bytes.push(held >> (bits -= 8) & 0xff);
  }
  return from(bytes);
}
export const base32 = (bytes) => {
  let text = '', bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  for (let at = 0; at < bits.length; at += 5) text += DIGITS.b[0][parseInt(bits.slice(at, at + 5).padEnd(5, '0'), 2)];
  return `b${text}`;
};
const big = (bytes) => BigInt(`0x${from(bytes).toString('hex') || '0'}`);
export const base36 = (bytes) => `k${big(bytes).toString(36)}`;
const fromBase36 = (text) => {
  demand(typeof text === 'string' && /^k[0-9a-z]{1,90}$/.test(text), 'a text that is no stream id');
  const hex = [...text.slice(1)].reduce((n, digit) => n * 36n + BigInt(parseInt(digit, 36)), 0n).toString(16);
  return from(hex.padStart(hex.length + hex.length % 2, '0'), 'hex');
};
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
export function base58(bytes) {
  let text = '';
  for (let n = big(bytes); n > 0n; n /= 58n) text = BASE58[Number(n % 58n)] + text;
  return text;
}
/** base64 and base64url are read in their one form without padding. */
function unbase64(text, form) {
  demand(typeof text === 'string', 'bytes that are no text');
  const bytes = from(text, form);
  demand(bytes.toString(form).replace(/=+$/, '') === text, `bytes that are not ${form} in its one form`);
  return bytes;
}

// DAG-CBOR, and CIDs of it.
export class Link { constructor(bytes) { this.bytes = from(bytes); } }
const head = (major, n) => n < 24 ? from([major << 5 | n]) : n < 256 ? from([major << 5 | 24, n]) : from([major << 5 | 25, n >> 8, n & 255]);
const inOrder = (a, b) => Buffer.byteLength(a) - Buffer.byteLength(b) || Buffer.compare(from(a), from(b));
export function encode(value) {
  if (value === null) return from([0xf6]);
  if (value === true || value === false) return from([value ? 0xf5 : 0xf4]);
  if (Number.isInteger(value) && value >= 0 && value < 65536) return head(0, value);
  if (typeof value === 'string') return concat([head(3, Buffer.byteLength(value)), from(value)]);
  if (value instanceof Link) return concat([from([0xd8, 42]), encode(concat([from([0]), value.bytes]))]);
  if (value instanceof Uint8Array) return concat([head(2, value.length), value]);
  if (Array.isArray(value)) return concat([head(4, value.length), ...value.map(encode)]);
  const keys = Object.keys(value).sort(inOrder);
  return concat([head(5, keys.length), ...keys.flatMap((key) => [encode(key), encode(value[key])])]);
}
/** The value of a block, which must be the one canonical encoding of it. */
export function decode(bytes) {
  let at = 0;
  const take = (n) => { demand(at + n <= bytes.length, 'a block that ends too early'); return bytes.subarray(at, at += n); };
  const value = (depth) => {
    demand(depth < 16, 'a block that is nested too deep');
    const first = take(1)[0], major = first >> 5, low = first & 31;
    if (first === 0xf6) return null;
    if (first === 0xf4 || first === 0xf5) return first === 0xf5;
    demand(low < 26, 'a block with a form that no commit has');
    const n = low < 24 ? low : low === 24 ? take(1)[0] : take(2).readUInt16BE();
    if (major === 0) return n;
    if (major === 2) return from(take(n));
    if (major === 3) return new TextDecoder('utf-8', { fatal: true }).decode(take(n));
    if (major === 4) return Array.from({ length: n }, () => value(depth + 1));
    if (major === 5) {
      const map = Object.create(null);
      for (let left = n; left > 0; left--) { const key = value(depth + 1); map[key] = value(depth + 1); }
      return map;
    }
    demand(major === 6 && n === 42, 'a block with a form that no commit has');
    const link = value(depth + 1);
    demand(link instanceof Uint8Array && link[0] === 0, 'a link that is none');
    return new Link(link.subarray(1));
  };
  const whole = value(0);
  demand(at === bytes.length && same(encode(whole), bytes), 'a block that is not canonical DAG-CBOR');
  return whole;
}
const BLOCK = [1, 0x71, 0x12, 32], ENVELOPE = [1, 0x85, 1, 0x12, 32];
export const cidOf = (block) => concat([from(BLOCK), sha256(block)]);
export const envelopeOf = (jws) => concat([from(ENVELOPE), sha256(encode({
  payload: unbase64(jws.payload, 'base64url'),
  signatures: jws.signatures.map((one) => ({ protected: unbase64(one.protected, 'base64url'), signature: unbase64(one.signature, 'base64url') })),
}))]);
const DOCUMENT = [0xce, 1, 3];
export const streamOf = (cid) => base36(concat([from(DOCUMENT), cid]));

/** A compressed secp256k1 key, as the chain has it in either form. */
export function keyOf(bytes) {
  demand([33, 65].includes(bytes.length), 'the chain has no key of this id');
  const compressed = bytes.length === 33 ? bytes : concat([from([2 + (bytes[64] & 1)]), bytes.subarray(1, 33)]);
  const spki = concat([from('3036301006072a8648ce3d020106052b8104000a032200', 'hex'), compressed]);
  return { compressed, did: `did:key:z${base58(concat([from([0xe7, 1]), compressed]))}`, key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) };
}

/** The key that is in its own did:key. */
export function keyOfDid(did) {
  const number = [...did.slice('did:key:z'.length)].reduce((n, digit) => n * 58n + BigInt(BASE58.indexOf(digit)), 0n);
  return keyOf(from(number.toString(16).padStart(70, '0'), 'hex').subarray(2));
}

/** A signed commit: what its block says, if the key has signed it in the one form that there is. */
function signed(owner, { cid, value }) {
  demand(value?.jws && Array.isArray(value.jws.signatures) && value.jws.signatures.length === 1, 'a commit that is not signed');
  demand(value.cacaoBlock === undefined, 'a commit by a delegation');
  const block = unbase64(value.linkedBlock, 'base64'), link = cidOf(block), [one] = value.jws.signatures;
  demand(value.jws.link === base32(link) && same(unbase64(value.jws.payload, 'base64url'), link), "a signature for another block than the commit's");
  demand(cid === base32(envelopeOf(value.jws)), 'a CID that is not that of the commit');
  const wanted = JSON.stringify({ alg: 'ES256K', kid: `${owner.did}#${owner.did.slice('did:key:'.length)}` });
  demand(unbase64(one.protected, 'base64url').toString() === wanted, 'a signature in the name of another key');
  const signature = unbase64(one.signature, 'base64url');
  demand(signature.length === 64 && big(signature.subarray(32)) <= ORDER / 2n, 'a signature whose s is in the upper half');
  const good = verify('sha256', from(`${one.protected}.${value.jws.payload}`), { key: owner.key, dsaEncoding: 'ieee-p1363' }, signature);
  demand(good, 'a signature that is not by the key');
  return decode(block);
}

const members = (map, names) => Object.keys(map).sort().join() === [...names].sort().join();
const linked = (link, cid) => link instanceof Link && same(link.bytes, cid);
const cidBytes = (text) => {
  demand(typeof text === 'string' && text[0] === 'b', 'a CID that is none');
  return bitsOf(text.slice(1), DIGITS.b);
};

/** The model of a document and its unique value: its id proves them, with the controller. */
function genesisOf(owner, stream, value) {
  const header = value?.header ?? {}, model = unbase64(header.model, 'base64'), unique = unbase64(header.unique, 'base64');
  demand(value.data === null && members(header, ['controllers', 'model', 'sep', 'unique']), 'a genesis that is not bare: the same document could be there twice');
  demand(Array.isArray(header.controllers) && header.controllers.length === 1 && header.controllers[0] === owner.did, 'a stream of another controller');
  const cid = cidOf(encode({ data: null, header: { controllers: header.controllers, model, sep: header.sep, unique } }));
  demand(header.sep === 'model' && streamOf(cid) === stream, 'a genesis that is not that of its id');
  demand(Object.hasOwn(MODELS, base36(model)), 'a document of another model');
  return { cid, model: MODELS[base36(model)], unique: unique.toString() };
}

/** An anchor says when. Nobody signs it, and it changes nothing; but the next commit names it, so its CID is that of its block. */
function anchored({ cid, value }, genesis, tip) {
  const text = (link) => typeof link === 'string' ? link : link?.['/'], { path } = value;
  demand(text(value.id) === base32(genesis) && text(value.prev) === base32(tip), 'an anchor that does not follow the commit before');
  demand(typeof path === 'string' && path.length <= 200, 'an anchor without a path');
  const link = (name) => new Link(cidBytes(text(value[name])));
  const own = cidOf(encode({ id: link('id'), path, prev: link('prev'), proof: link('proof') }));
  demand(cid === base32(own), 'a CID that is not that of the anchor');
  return own;
}

/** A stream: what it holds in the end, if every commit follows the one before and changes only what it may. */
export function streamOfKey(owner, stream, commits) {
  demand(Array.isArray(commits) && commits.length > 0, 'a stream without commits');
  const { cid: genesis, model, unique } = genesisOf(owner, stream, commits[0].value);
  demand(commits[0].cid === base32(genesis), 'a CID that is not that of the genesis');
  let tip = genesis, content = null;
  for (const commit of commits.slice(1)) {
    if (commit.value?.proof !== undefined) {
      tip = anchored(commit, genesis, tip);
      continue;
    }
    const payload = signed(owner, commit);
    demand(members(payload, ['data', 'id', 'prev']), 'a commit with other members than data, id and prev');
    demand(linked(payload.id, genesis), 'a commit of another stream');
    demand(linked(payload.prev, tip), 'a commit that does not follow the one before');
    content = patched(model, content, payload.data);
    tip = cidBytes(commit.cid);
  }
  if (content !== null) demand(model.unique.map((name) => content[name]).join('|') === unique, 'a content that is not that of its document');
  return { stream, model: model.name, content };
}

function patched(model, old, patch) {
  const first = old === null, op = first ? 'add' : 'replace';
  demand(first || model.changes !== undefined, `a second commit of a ${model.name}`);
  const names = first ? model.members : [model.changes];
  const right = Array.isArray(patch) && patch.length === names.length
    && patch.every((one) => members(one, ['op', 'path', 'value']) && one.op === op) && members(Object.fromEntries(patch.map(({ path }) => [path, 0])), names.map((name) => `/${name}`));
  demand(right, first ? 'a first commit that does not set every member once' : `a commit that changes more than ${model.changes}`);
  const content = { ...old, ...Object.fromEntries(patch.map(({ path, value }) => [path.slice(1), value])) };
  if (!first) demand(content[model.changes] !== old[model.changes], `a ${model.name} that was written again though nothing changed`);
  RULES[model.name](content, first);
  return content;
}

const USER = /^wallet:0x[0-9a-f]{40}$/;
const plain = (text, most, what) => {
  demand(typeof text === 'string', `a ${what} that is no text`);
  const points = [...text].map((point) => point.codePointAt(0));
  demand(points.length >= 1 && points.length <= most, `a ${what} of ${points.length} characters`);
  demand(points.every((point) => point > 0x1f && !(point >= 0x7f && point <= 0x9f) && !(point >= 0xd800 && point <= 0xdfff)), `a ${what} with control characters`);
};
const RULES = {
  profile({ user, name }) {
    demand(USER.test(user), 'a user of no known form');
    plain(name, 40, 'name');
  },
  post({ author, slot, text, createdAt }) {
    demand(USER.test(author), 'an author of no known form');
    plain(text, 280, 'post');
    const [, day, number] = /^(\d{4}-\d{2}-\d{2})\.(\d{2})$/.exec(slot) ?? [];
    demand(day !== undefined && Number(number) < POSTS_A_DAY, 'a slot that no day has');
    const time = new Date(typeof createdAt === 'string' ? createdAt : NaN);
    demand(!Number.isNaN(time.getTime()) && time.toISOString() === createdAt && createdAt.startsWith(day), "a post of another day than its slot's");
  },
  like({ post, user, liked }, first) {
    demand(USER.test(user) && typeof post === 'string' && typeof liked === 'boolean', 'a like of no known form');
    demand(!first || liked, 'a like that begins with an unlike');
  },
};

/** Reads the streams, and those of posts that likes name; gives what is wrong, by stream. */
export async function check({ owner, read, streams }) {
  const faults = [], known = new Map();
  const look = async (stream) => {
    if (known.has(stream)) return known.get(stream);
    let found = null;
    try {
      demand(same(fromBase36(stream).subarray(0, 3), DOCUMENT), 'an id of no document');
      found = streamOfKey(owner, stream, await read(stream));
    } catch (error) { faults.push({ stream, fault: error instanceof Fault ? error.message : `not readable: ${error.message}` }); }
    known.set(stream, found);
    return found;
  };
  const listed = new Set();
  for (const stream of streams) {
    if (listed.has(stream)) faults.push({ stream, fault: 'a stream that is in the list twice' });
    listed.add(stream);
    await look(stream);
  }
  for (const found of [...known.values()]) {
    if (found?.model !== 'like' || found.content === null) continue;
    const post = await look(found.content.post);
    if (post?.model !== 'post' || post.content === null) faults.push({ stream: found.stream, fault: 'a like of what is no post of this key' });
  }
  // That the document's id leaves no room for more is what is claimed, so it is counted as well.
  const slots = new Map();
  for (const found of known.values()) {
    if (found?.model !== 'post' || found.content === null) continue;
    const { author, slot } = found.content, day = `${author} ${slot.slice(0, 10)}`, seen = slots.get(day) ?? slots.set(day, new Set()).get(day);
    if (seen.has(slot)) faults.push({ stream: found.stream, fault: 'a second post in its slot' });
    seen.add(slot);
  }
  return { faults, documents: [...known.values()].filter(Boolean) };
}

/** `getPubkey(uint256)` of the contract of keys. */
export async function keyFromChain(rpc, pkpnft, token) {
  const data = `0xef6fd878${BigInt(token).toString(16).padStart(64, '0')}`;
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_call', params: [{ to: pkpnft, data }, 'latest'] });
  const { result } = await (await fetch(rpc, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json();
  const answer = from(String(result).slice(2), 'hex'), length = Number(big(answer.subarray(32, 64)));
  return keyOf(answer.subarray(64, 64 + length));
}

async function main(words) {
  const option = (name) => { const at = words.indexOf(name); demand(at >= 0, `${name} is missing`); return words.splice(at, 2)[1]; };
  const [rpc, pkpnft, token, ceramic] = ['--rpc', '--pkpnft', '--token', '--ceramic'].map(option);
  const streams = [...words];
  if (streams.length === 0) for await (const chunk of process.stdin) streams.push(...String(chunk).split(/\s+/).filter(Boolean));
  const owner = await keyFromChain(rpc, pkpnft, token);
  const read = async (stream) => {
    const answer = await (await fetch(`${ceramic}/commits/${stream}`, { signal: AbortSignal.timeout(20_000) })).json();
    demand(answer.commits !== undefined, `not on Ceramic: ${String(answer.error).slice(0, 100)}`);
    return answer.commits;
  };
  const { faults, documents } = await check({ owner, read, streams });
  for (const { stream, fault } of faults) console.log(`${stream}: ${fault}`);
  const count = (model) => documents.filter((one) => one.model === model && one.content !== null).length;
  console.error(`${owner.did}: ${count('profile')} profiles, ${count('post')} posts, ${count('like')} likes; ${faults.length === 0 ? 'no rule is broken' : `${faults.length} faults`}`);
  return faults.length === 0 ? 0 : 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv.slice(2)).then((status) => { process.exitCode = status; }, (error) => { console.error(`check: ${error.message}`); process.exitCode = 2; });
}
