// Ceramic in an action: DAG-CBOR, CIDs, stream ids, commits signed by the key, and reading what others have signed.
// Nothing here believes a Ceramic node more than it must: ids are computed, and signatures are checked.
declare const Lit: any, ethers: any;

export type Link = { '/': string };
export type Commit = { jws: { payload: string; signatures: { protected: string; signature: string }[]; link: string }; linkedBlock: string };
export type Genesis = { data: null; header: { controllers: string[]; model: Uint8Array; sep: string; unique: Uint8Array } };

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const coded = (bytes: Uint8Array, encoding: string): string => Lit.Actions.uint8arrayToString(bytes, encoding);
export const base64 = (bytes: Uint8Array) => coded(bytes, 'base64');
const base64url = (bytes: Uint8Array) => coded(bytes, 'base64url');
/** Bytes of a text in this encoding, or `null` if there is another text of the same bytes, or none. */
const decoded = (text: unknown, encoding: string): Uint8Array | null => {
  if (typeof text !== 'string') return null;
  try {
    const bytes = Lit.Actions.uint8arrayFromString(text, encoding);
    return coded(bytes, encoding) === text ? bytes : null;
  } catch { return null; }
};
export const fromBase64 = (text: unknown) => decoded(text, 'base64');
const sha256 = (bytes: Uint8Array): Uint8Array => ethers.utils.arrayify(ethers.utils.sha256(bytes));
const equal = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, at) => byte === b[at]);

/** Texts of CIDs and stream ids have their base as first letter: `b` for base32, `k` for base36. */
export const toBase32 = (bytes: Uint8Array) => 'b' + coded(bytes, 'base32');
export const toBase36 = (bytes: Uint8Array) => 'k' + coded(bytes, 'base36');
export const fromBase32 = (text: unknown) => typeof text === 'string' && text[0] === 'b' ? decoded(text.slice(1), 'base32') : null;
export const fromBase36 = (text: unknown) => typeof text === 'string' && text[0] === 'k' ? decoded(text.slice(1), 'base36') : null;

// CIDs of SHA-256: of a block of DAG-CBOR, and of the envelope of a signed one.
const BLOCK = 0x71, ENVELOPE = [0x85, 0x01], DOCUMENT = 3;
const cidOf = (block: Uint8Array) => Uint8Array.from([1, BLOCK, 0x12, 32, ...sha256(block)]);
const startsWith = (bytes: Uint8Array, head: number[]) => head.every((byte, at) => bytes[at] === byte);
const isCid = (text: unknown, head: number[]): text is string => {
  const bytes = fromBase32(text);
  return bytes !== null && bytes.length === head.length + 32 && startsWith(bytes, head);
};
/** Whether a text is the CID of the envelope of a signed commit. */
export const isEnvelopeCid = (text: unknown) => isCid(text, [1, ...ENVELOPE, 0x12, 32]);
/** Whether a text is the CID of a commit: a genesis without signature, an anchor, or an envelope. */
export const isCommitCid = (text: unknown): text is string => isCid(text, [1, BLOCK, 0x12, 32]) || isEnvelopeCid(text);
/** Whether a text is the id of a document whose genesis is not signed. */
export const isDocumentId = (text: unknown): text is string => {
  const bytes = typeof text === 'string' && text.length < 100 ? fromBase36(text) : null;
  return bytes !== null && bytes.length === 39 && startsWith(bytes, [0xce, 0x01, DOCUMENT, 1, BLOCK, 0x12, 32]);
};

/** DAG-CBOR: the keys of maps by their length and then their bytes, links as tag 42. */
const head = (major: number, n: number) =>
  n < 24 ? [major << 5 | n] : n < 256 ? [major << 5 | 24, n] : n < 65536 ? [major << 5 | 25, n >> 8, n & 255] : refuseLength();
const refuseLength = (): never => { throw new RangeError('longer than any commit of these actions'); };
const cbor = (value: any): number[] => {
  if (value === null) return [0xf6];
  if (typeof value === 'boolean') return [value ? 0xf5 : 0xf4];
  if (typeof value === 'string') return [...head(3, utf8(value).length), ...utf8(value)];
  if (value instanceof Uint8Array) return [...head(2, value.length), ...value];
  if (Array.isArray(value)) return [...head(4, value.length), ...value.flatMap(cbor)];
  if (value['/'] !== undefined) return [0xd8, 42, ...cbor(Uint8Array.from([0, ...fromBase32(value['/'])!]))];
  const keys = Object.keys(value).sort((a, b) => utf8(a).length - utf8(b).length || (a < b ? -1 : 1));
  return [...head(5, keys.length), ...keys.flatMap((key) => [...cbor(key), ...cbor(value[key])])];
};
export const block = (value: unknown) => Uint8Array.from(cbor(value));

/** The key as a `did:key`. */
export const didOf = (publicKey: string) =>
  'did:key:z' + coded(Uint8Array.from([0xe7, 1, ...ethers.utils.arrayify(ethers.utils.computePublicKey(publicKey, true))]), 'base58btc');

/** The document of a model that is made of sets: model, controller and unique value alone make its genesis, and with it its id. */
export function documentOf(publicKey: string, model: string, unique: Uint8Array) {
  const header = { controllers: [didOf(publicKey)], model: fromBase36(model)!, sep: 'model', unique };
  const cid = cidOf(block({ data: null, header }));
  return {
    stream: toBase36(Uint8Array.from([0xce, 0x01, DOCUMENT, ...cid])),
    link: toBase32(cid),
    /** As a Ceramic node takes it. */
    genesis: { data: null, header: { ...header, model: base64(header.model), unique: base64(unique) } },
  };
}

const protectedOf = (publicKey: string) => {
  const did = didOf(publicKey);
  return base64url(utf8(JSON.stringify({ alg: 'ES256K', kid: `${did}#${did.slice('did:key:'.length)}` })));
};

/** A payload as a commit: a JWS over the CID of its block, ES256K. */
export async function signCommit(publicKey: string, payload: unknown, sigName: string): Promise<Commit> {
  const bytes = block(payload), cid = cidOf(bytes), head = protectedOf(publicKey);
  const toSign = sha256(utf8(`${head}.${base64url(cid)}`));
  const { r, s } = JSON.parse(await Lit.Actions.signAndCombineEcdsa({ toSign, publicKey, sigName }));
  const signature = base64url(ethers.utils.arrayify('0x' + r.substring(2) + s));
  return { jws: { payload: base64url(cid), signatures: [{ protected: head, signature }], link: toBase32(cid) }, linkedBlock: base64(bytes) };
}

/**
 * Whether somebody shows a commit that this key has signed for the stream of this genesis. The block is believed once the key's
 * signature covers its CID; then it is one that an action of this key has made.
 */
export function isCommitOf(publicKey: string, genesis: string, commit: any): boolean {
  const bytes = fromBase64(commit?.linkedBlock), signed = commit?.jws?.signatures;
  if (!bytes || !Array.isArray(signed) || signed.length !== 1) return false;
  const head = protectedOf(publicKey), payload = base64url(cidOf(bytes));
  if (commit.jws.payload !== payload || signed[0]?.protected !== head) return false;
  const signature = decoded(signed[0].signature, 'base64url');
  if (signature?.length !== 64) return false;
  const digest = sha256(utf8(`${head}.${payload}`)), key = ethers.utils.computePublicKey(publicKey, false);
  const [r, s] = [signature.slice(0, 32), signature.slice(32)].map((part) => ethers.utils.hexlify(part));
  const recovers = [27, 28].some((v) => {
    try { return ethers.utils.recoverPublicKey(digest, { r, s, v }) === key; } catch { return false; }
  });
  const id = Uint8Array.from([...cbor('id'), ...cbor({ '/': genesis })]);
  return recovers && equal(bytes.slice(1, 1 + id.length), id);
}
