// Ceramic, create a post: builds the signed genesis commit of a document of the model Post, whose controller is this key.
// What a post may hold is decided here; nobody else, the key's former owner included, can write one in its name.
const utf8 = (text) => new TextEncoder().encode(text);
const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz', BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
// Base36 after a `k`, as stream ids are written, and base32 after a `b`, as CIDs are.
const fromBase36 = (text) => {
  let number = 0n;
  for (const digit of text) number = number * 36n + BigInt(BASE36.indexOf(digit));
  const hex = number.toString(16);
  return ethers.utils.arrayify('0x' + (hex.length % 2 ? '0' : '') + hex);
};
const toBase32 = (bytes) => {
  let bits = '', text = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  for (let at = 0; at < bits.length; at += 5) text += BASE32[parseInt(bits.slice(at, at + 5).padEnd(5, '0'), 2)];
  return 'b' + text;
};
const fromBase32 = (text) => {
  let bits = '';
  for (const digit of text) bits += BASE32.indexOf(digit).toString(2).padStart(5, '0');
  return Uint8Array.from({ length: bits.length >> 3 }, (_, at) => parseInt(bits.slice(at * 8, at * 8 + 8), 2));
};

// DAG-CBOR: the keys of maps by their length and then their bytes, links as tag 42.
const head = (major, n) => n < 24 ? [major << 5 | n] : n < 256 ? [major << 5 | 24, n] : [major << 5 | 25, n >> 8, n & 255];
const cbor = (value) => {
  if (value === null) return [0xf6];
  if (typeof value === 'number') return head(0, value);
  if (typeof value === 'string') return [...head(3, utf8(value).length), ...utf8(value)];
  if (value instanceof Uint8Array) return [...head(2, value.length), ...value];
  if (Array.isArray(value)) return [...head(4, value.length), ...value.flatMap(cbor)];
  if (value['/'] !== undefined) return [0xd8, 42, ...cbor(Uint8Array.from([0, ...fromBase32(value['/'].slice(1))]))];
  const keys = Object.keys(value).sort((a, b) => utf8(a).length - utf8(b).length || (a < b ? -1 : 1));
  return [...head(5, keys.length), ...keys.flatMap((key) => [...cbor(key), ...cbor(value[key])])];
};

// The key as a `did:key`, and a payload as a commit: JWS over the CID of its block, signed ES256K.
const didOf = (publicKey) =>
  'did:key:z' + Lit.Actions.uint8arrayToString(Uint8Array.from([0xe7, 1, ...ethers.utils.arrayify(ethers.utils.computePublicKey(publicKey, true))]), 'base58btc');
const base64url = (bytes) => Lit.Actions.uint8arrayToString(bytes, 'base64url');
const signCommit = async (payload, sigName) => {
  const did = didOf(publicKey), block = Uint8Array.from(cbor(payload));
  const cid = Uint8Array.from([1, 0x71, 0x12, 32, ...ethers.utils.arrayify(ethers.utils.sha256(block))]);
  const header = base64url(utf8(JSON.stringify({ alg: 'ES256K', kid: `${did}#${did.slice(8)}` })));
  const input = `${header}.${base64url(cid)}`;
  const toSign = ethers.utils.arrayify(ethers.utils.sha256(utf8(input)));
  const { r, s } = JSON.parse(await Lit.Actions.signAndCombineEcdsa({ toSign, publicKey, sigName }));
  const signature = base64url(ethers.utils.arrayify('0x' + r.substring(2) + s));
  return {
    jws: { payload: base64url(cid), signatures: [{ protected: header, signature }], link: toBase32(cid) },
    linkedBlock: Lit.Actions.uint8arrayToString(block, 'base64'),
  };
};

const MODEL = 'kjzl6hvfrbw6c5i55ks5m4hhyuh0jylw4g7x0asndu97i7luts4dfzvm35oev65';

const go = async () => {
  const author = Lit.Auth.authSigAddress;
  if (!author || typeof text !== 'string' || text.length === 0 || text.length > 280) {
    Lit.Actions.setResponse({ response: JSON.stringify({ created: false, reason: 'a post has an author and 1 to 280 characters' }) });
    return;
  }
  const payload = {
    data: { text, author, createdAt: new Date(Date.now()).toISOString() },
    // `unique` keeps two equal posts apart; it is a parameter because every node must sign the same bytes.
    header: { controllers: [didOf(publicKey)], model: fromBase36(MODEL.slice(1)), sep: 'model', unique: ethers.utils.arrayify(unique) },
  };
  const commit = await signCommit(payload, 'createPost');
  Lit.Actions.setResponse({ response: JSON.stringify({ created: true, type: 3, genesis: commit }) });
};
go();
