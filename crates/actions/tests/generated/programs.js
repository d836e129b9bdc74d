// Generated programs: each is one call of a helper, in which one argument, or two, have a value of any type. What comes of it
// is logged as one line of JSON: what was called, which arguments were exchanged, and a value or an error. `first` and
// `count` say which programs; the same number is the same program everywhere.
const { log } = console;
const { stringify } = JSON;

// Numbers that are equal everywhere, and close together for no two programs.
let state = 0;
const seed = (number) => { state = (number * 2654435761 + 12345) >>> 0; for (let i = 0; i < 8; i++) draw(1); };
function draw(below) {
  state ^= state << 13; state >>>= 0;
  state ^= state >>> 17;
  state ^= state << 5; state >>>= 0;
  return state % below;
}

const boom = () => { throw new EvalError('of the caller'); };
// Values of every type, made anew for each program: a name, and the value.
const VALUES = {
  undefined: () => undefined, null: () => null, true: () => true, false: () => false, zero: () => 0, minus_zero: () => -0, one: () => 1,
  minus_one: () => -1, half: () => 0.5, nan: () => NaN, infinity: () => Infinity, minus_infinity: () => -Infinity, large: () => 2 ** 53,
  larger: () => 1e21, most: () => 4294967296, bigint: () => 5n, large_bigint: () => 2n ** 300n, minus_bigint: () => -1n,
  empty_text: () => '', digit_text: () => '12', hex_text: () => '0x12', odd_hex: () => '0x123', word_text: () => 'word', proto_text: () => '__proto__',
  constructor_text: () => 'constructor', control_text: () => 'a\u0000\n\u202eb', surrogate: () => '\ud800', long_text: () => 'x'.repeat(5000),
  space_text: () => ' ', text_object: () => new String('word'), number_object: () => new Number(7), false_text: () => 'false',
  symbol: () => Symbol('s'), function: () => () => 'f', async_function: () => async () => 'f', class: () => class A {}, throwing_function: () => boom,
  object: () => ({}), null_object: () => Object.create(null), array: () => [], bytes_array: () => [1, 2, 3], bad_array: () => [1, 'x', 300],
  holes: () => new Array(3), nested: () => [[[[]]]], far_array: () => Object.assign([], { length: 70000 }), bytes: () => new Uint8Array([1, 2, 3]), no_bytes: () => new Uint8Array(0),
  digest: () => new Uint8Array(32).fill(9), words: () => new Uint16Array([1, 2]), floats: () => new Float64Array([1.5]), bigints: () => new BigInt64Array(1),
  buffer: () => new ArrayBuffer(4), view: () => new DataView(new ArrayBuffer(4)), false_bytes: () => Object.create(Uint8Array.prototype),
  shrunk: () => { const b = new ArrayBuffer(8, { maxByteLength: 8 }); const a = new Uint8Array(b, 4); b.resize(2); return a; },
  date: () => new Date(0), no_date: () => new Date(NaN), map: () => new Map([[1, 2]]), set: () => new Set(['sign']), regexp: () => /x/g, promise: () => Promise.resolve(1),
  rejected: () => { const p = Promise.reject(new EvalError('of the caller')); p.catch(() => {}); return p; }, error: () => new Error('of the caller'),
  thenable: () => ({ then(resolve) { resolve(1); } }), throwing_text: () => ({ toString: boom, valueOf: boom }), throwing_primitive: () => ({ [Symbol.toPrimitive]: boom }),
  no_primitive: () => ({ toString: null, valueOf: null }), texty: () => ({ toString: () => 'sha-256' }), throwing_getter: () => ({ get name() { return boom(); }, get hash() { return boom(); } }),
  throwing_proxy: () => new Proxy({}, { get: boom, has: boom, ownKeys: boom, getPrototypeOf: boom }), revoked: () => { const r = Proxy.revocable({}, {}); r.revoke(); return r.proxy; },
  cycle: () => { const o = {}; o.o = o; return o; }, to_json: () => ({ toJSON: () => 5 }), throwing_json: () => ({ toJSON: boom }), bigint_inside: () => ({ a: 1n }), frozen: () => Object.freeze({ a: 1 }),
  length_object: () => ({ length: 4, 0: 1 }), iterator: () => ({ *[Symbol.iterator]() { yield 'sign'; } }), throwing_iterator: () => ({ [Symbol.iterator]: boom }), weak: () => new WeakMap(), global: () => globalThis, lit: () => Lit,
  boxed_symbol: () => Object(Symbol('s')), blob: () => new Blob(['x']), url: () => new URL('https://host.test/json'), headers: () => new Headers(), signal: () => AbortSignal.abort(),
};
const NAMES = Object.keys(VALUES);

const CID = 'QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o', KEY = `0x04${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8'}`;
const SCHEME = 'EcdsaK256Sha256', digest = () => new Uint8Array(32).fill(7), bytes = () => new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const TXN = ethers.utils.serializeTransaction({ to: `0x${'11'.repeat(20)}`, data: '0x01', gasLimit: 9, gasPrice: 1, nonce: 0, chainId: 1, value: 0 });
const A = Lit.Actions, S = crypto.subtle;
// Helpers that take one object: its members, each as it should be. Those that take arguments: a list of [name, value].
const MEMBERS = {
  setResponse: { response: () => 'r' },
  signEcdsa: { toSign: digest, publicKey: () => KEY, sigName: (n) => `s${n}` },
  sign: { toSign: digest, publicKey: () => KEY, sigName: (n) => `s${n}`, signingScheme: () => SCHEME },
  ethPersonalSignMessageEcdsa: { message: () => 'hello', publicKey: () => KEY, sigName: (n) => `s${n}` },
  signAndCombineEcdsa: { toSign: digest, publicKey: () => KEY, sigName: (n) => `s${n}` },
  signAndCombine: { toSign: digest, publicKey: () => KEY, sigName: (n) => `s${n}`, signingScheme: () => SCHEME },
  signAsAction: { toSign: bytes, sigName: (n) => `s${n}`, signingScheme: () => SCHEME },
  getActionPublicKey: { actionIpfsCid: () => CID, signingScheme: () => SCHEME },
  verifyActionSignature: { actionIpfsCid: () => CID, toSign: bytes, signOutput: () => stringify({ r: `0x${'11'.repeat(32)}`, s: '22'.repeat(32), v: 0 }), signingScheme: () => SCHEME },
  claimKey: { keyId: () => 'user' },
  pubkeyToTokenId: { publicKey: () => KEY },
  isPermittedAction: { tokenId: () => '0x5', ipfsId: () => CID },
  isPermittedAddress: { tokenId: () => 5, address: () => `0x${'aa'.repeat(20)}` },
  isPermittedAuthMethod: { tokenId: () => 5n, authMethodType: () => 1, userId: () => '0x01' },
  getPermittedActions: { tokenId: () => 5 }, getPermittedAddresses: { tokenId: () => 5 }, getPermittedAuthMethods: { tokenId: () => 5 },
  getPermittedAuthMethodScopes: { tokenId: () => 5, authMethodType: () => 1, userId: bytes, maxScopeId: () => 3 },
  call: { ipfsId: () => CID, params: () => ({ a: 1 }) },
  callContract: { chain: () => 'quorate', txn: () => TXN },
  getRpcUrl: { chain: () => 'base' }, getLatestNonce: { address: () => `0x${'11'.repeat(20)}`, chain: () => 'base' },
  broadcastAndCollect: { name: () => 'n', value: () => 'v' },
  aesDecrypt: { symmetricKey: bytes, ciphertext: () => new Uint8Array(48) },
};
const hmacKey = () => S.importKey('raw', bytes(), { name: 'HMAC', hash: 'SHA-256' }, true, ['sign', 'verify']);
const aesKey = (usages = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']) => S.importKey('raw', bytes(), 'AES-GCM', true, usages);
const baseKey = (name) => S.importKey('raw', bytes(), name, false, ['deriveBits', 'deriveKey']);
const HS256 = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1In0.e30';
const LISTS = {
  runOnce: { run: (o, f) => A.runOnce(o, f), of: [['params', () => ({ waitForResponse: true, name: 'r' })], ['function', () => async () => 'v']] },
  runOnce_members: { run: (name, waitForResponse) => A.runOnce({ name, waitForResponse }, async () => 'v'), of: [['name', () => 'r'], ['waitForResponse', () => true]] },
  uint8arrayToString: { run: A.uint8arrayToString, of: [['array', bytes], ['encoding', () => 'base16']] },
  uint8arrayFromString: { run: A.uint8arrayFromString, of: [['string', () => '00ff'], ['encoding', () => 'base16']] },
  'jwt.decode': { run: jwt.decode, of: [['token', () => HS256], ['options', () => ({ complete: true })]] },
  'jwt.verify': { names: ['invalid signature'], run: (t, k, o) => jwt.verify(t ?? t, k, o), of: [['jwt', (n) => jwt.sign({ sub: 'u', n }, 'secret')], ['secret', () => 'secret'], ['options', () => ({ algorithms: ['HS256'] })]] },
  'jwt.verify options': { names: ['expired'], run: (clockTimestamp, clockTolerance, maxAge, audience, issuer, subject, algorithms, ignoreExpiration) => jwt.verify(jwt.sign({ sub: 'u', aud: 'a', iss: 'i', exp: 4e9 }, 'secret'), 'secret', { clockTimestamp, clockTolerance, maxAge, audience, issuer, subject, algorithms, ignoreExpiration }),
    of: [['clockTimestamp', () => 1_700_000_000], ['clockTolerance', () => 5], ['maxAge', () => '1h'], ['audience', () => 'a'], ['issuer', () => 'i'], ['subject', () => 'u'], ['algorithms', () => ['HS256']], ['ignoreExpiration', () => false]] },
  'jwt.sign': { run: (p, k, o) => jwt.sign(p, k, o), of: [['payload', () => ({ sub: 'u' })], ['secret', () => 'secret'], ['options', () => ({ expiresIn: '1h' })]] },
  'jwt.sign options': { run: (algorithm, expiresIn, notBefore, audience, issuer, subject, keyid, header, noTimestamp) => jwt.sign({ a: 1 }, 'secret', { algorithm, expiresIn, notBefore, audience, issuer, subject, keyid, header, noTimestamp }),
    of: [['algorithm', () => 'HS256'], ['expiresIn', () => 60], ['notBefore', () => '1s'], ['audience', () => 'a'], ['issuer', () => 'i'], ['subject', () => 'u'], ['keyid', () => 'k'], ['header', () => ({ x: 1 })], ['noTimestamp', () => false]] },
  'jwt.sign claims': { run: (iat, exp, nbf) => jwt.sign({ iat, exp, nbf }, 'secret'), of: [['iat', () => 1], ['exp', () => 2], ['nbf', () => 1]] },
  digest: { run: (a, d) => S.digest(a, d), of: [['algorithm', () => 'SHA-256'], ['data', bytes]] },
  importKey: { run: (...a) => S.importKey(...a), of: [['format', () => 'raw'], ['keyData', bytes], ['algorithm', () => ({ name: 'AES-GCM' })], ['extractable', () => true], ['keyUsages', () => ['encrypt']]] },
  'importKey HMAC': { names: ['key length'], run: (format, data, hash, length) => S.importKey(format, data, { name: 'HMAC', hash, length }, true, ['sign']), of: [['format', () => 'raw'], ['keyData', bytes], ['hash', () => 'SHA-256'], ['length', () => 128]] },
  'importKey ECDSA': { run: (format, data, namedCurve) => S.importKey(format, data, { name: 'ECDSA', namedCurve }, true, ['verify']), of: [['format', () => 'raw'], ['keyData', () => ethers.utils.arrayify(KEY)], ['namedCurve', () => 'K-256']] },
  'importKey jwk': { run: (kty, k, alg, ext, key_ops) => S.importKey('jwk', { kty, k, alg, ext, key_ops }, 'AES-GCM', false, ['encrypt']), of: [['kty', () => 'oct'], ['k', () => 'AAAAAAAAAAAAAAAAAAAAAA'], ['alg', () => 'A128GCM'], ['ext', () => true], ['key_ops', () => ['encrypt']]] },
  exportKey: { run: (...a) => S.exportKey(...a), of: [['format', () => 'raw'], ['key', () => aesKey()]] },
  encrypt: { run: (...a) => S.encrypt(...a), of: [['algorithm', () => ({ name: 'AES-GCM', iv: bytes() })], ['key', () => aesKey()], ['data', bytes]] },
  'encrypt AES-GCM': { run: (iv, additionalData, tagLength, key) => S.encrypt({ name: 'AES-GCM', iv, additionalData, tagLength }, key, bytes()), of: [['iv', bytes], ['additionalData', bytes], ['tagLength', () => 128], ['key', () => aesKey()]] },
  decrypt: { run: (...a) => S.decrypt(...a), of: [['algorithm', () => ({ name: 'AES-GCM', iv: bytes() })], ['key', () => aesKey()], ['data', () => new Uint8Array(32)]] },
  'subtle.sign': { run: (...a) => S.sign(...a), of: [['algorithm', () => 'HMAC'], ['key', hmacKey], ['data', bytes]] },
  'subtle.verify': { run: (...a) => S.verify(...a), of: [['algorithm', () => 'HMAC'], ['key', hmacKey], ['signature', digest], ['data', bytes]] },
  'deriveBits HKDF': { run: (hash, salt, info, key, length) => S.deriveBits({ name: 'HKDF', hash, salt, info }, key, length), of: [['hash', () => 'SHA-256'], ['salt', bytes], ['info', bytes], ['key', () => baseKey('HKDF')], ['length', () => 256]] },
  'deriveBits PBKDF2': { run: (hash, salt, iterations, key, length) => S.deriveBits({ name: 'PBKDF2', hash, salt, iterations }, key, length), of: [['hash', () => 'SHA-256'], ['salt', bytes], ['iterations', () => 2], ['key', () => baseKey('PBKDF2')], ['length', () => 128]] },
  deriveKey: { run: (...a) => S.deriveKey(...a), of: [['algorithm', () => ({ name: 'HKDF', hash: 'SHA-256', salt: bytes(), info: bytes() })], ['baseKey', () => baseKey('HKDF')], ['derivedKeyType', () => ({ name: 'AES-GCM', length: 128 })], ['extractable', () => true], ['keyUsages', () => ['encrypt']]] },
  wrapKey: { run: (...a) => S.wrapKey(...a), of: [['format', () => 'raw'], ['key', () => aesKey()], ['wrappingKey', () => aesKey()], ['wrapAlgorithm', () => ({ name: 'AES-GCM', iv: bytes() })]] },
  unwrapKey: { names: ['data', 'operation'], run: (...a) => S.unwrapKey(...a), of: [['format', () => 'raw'], ['wrappedKey', () => S.encrypt({ name: 'AES-GCM', iv: bytes() }, keyOf, bytes())], ['unwrappingKey', () => keyOf], ['unwrapAlgorithm', () => ({ name: 'AES-GCM', iv: bytes() })], ['unwrappedKeyAlgorithm', () => 'AES-GCM'], ['extractable', () => true], ['keyUsages', () => ['encrypt']]] },
  fetch: { names: ['URL'], run: async (...a) => (await fetch(...a)).status, of: [['input', () => 'https://host.test/json'], ['init', () => ({ method: 'POST', body: 'x' })]] },
  'fetch init': { run: async (method, headers, body, redirect, signal, keepalive) => (await fetch('https://host.test/echo', { method, headers, body, redirect, signal, keepalive })).status,
    of: [['method', () => 'POST'], ['headers', () => ({ 'x-a': '1' })], ['body', () => 'x'], ['redirect', () => 'manual'], ['signal', () => undefined], ['keepalive', () => false]] },
  Request: { names: ['URL'], run: (...a) => new Request(...a).url, of: [['input', () => 'https://host.test/json'], ['init', () => ({ method: 'PUT' })]] },
  Response: { run: (body, status, statusText, headers) => new Response(body, { status, statusText, headers }).status, of: [['body', () => 'x'], ['status', () => 201], ['statusText', () => 'y'], ['headers', () => ({ 'x-a': '1' })]] },
  Headers: { run: (init) => [...new Headers(init)].length, of: [['headers', () => ({ a: 'b' })]] },
  'Headers.append': { run: (name, value) => { const h = new Headers(); h.append(name, value); return h.get('x-a'); }, of: [['name', () => 'x-a'], ['value', () => 'b']] },
  setTimeout: { run: (...a) => { const id = setTimeout(...a); clearTimeout(id); return typeof id; }, of: [['callback', () => () => {}], ['delay', () => 5]] },
  structuredClone: { names: ['cloned'], run: (v) => typeof structuredClone(v), of: [['value', () => ({ a: 1 })]] },
  TextDecoder: { names: ['encoding'], run: (label, data) => new TextDecoder(label).decode(data), of: [['label', () => 'utf-8'], ['data', bytes]] },
  atob: { names: ['character', 'decoded'], run: (text) => atob(text), of: [['text', () => 'YQ==']] },
  btoa: { names: ['character'], run: (data) => btoa(data), of: [['data', () => 'a']] },
  'Buffer.from': { names: ['first argument'], run: (...a) => Buffer.from(...a), of: [['value', () => 'ab'], ['encoding', () => 'hex']] },
  'AbortSignal.timeout': { run: (delay) => AbortSignal.timeout(delay).aborted, of: [['delay', () => 5]] },
  URL: { names: ['Invalid URL'], run: (...a) => new URL(...a).href, of: [['url', () => 'https://host.test/'], ['base', () => 'https://host.test/a']] },
  generateKey: { run: (...a) => S.generateKey(...a), of: [['algorithm', () => ({ name: 'AES-GCM', length: 128 })], ['extractable', () => true], ['keyUsages', () => ['encrypt']]] },
};
for (const [name, members] of Object.entries(MEMBERS)) {
  const names = Object.keys(members);
  LISTS[name] = { run: (...values) => A[name](Object.fromEntries(names.map((member, i) => [member, values[i]]))), of: Object.entries(members) };
  LISTS[`${name} params`] = { run: (params) => A[name](params), names: [...names, 'takes one object'], of: [['params', (n) => Object.fromEntries(names.map((member) => [member, members[member](n)]))]] };
}
const HELPERS = Object.keys(LISTS).sort();
let keyOf;

function shown(value) {
  if (value === undefined) return 'undefined';
  if (value instanceof ArrayBuffer || value instanceof Uint8Array) return `bytes ${new Uint8Array(value).toHex()}`;
  if (value instanceof CryptoKey) return `key ${value.algorithm.name}`;
  return `${typeof value} ${stringify(value) ?? ''}`;
}
function failed(error) {
  if (!(error instanceof Error)) return { odd: typeof error };
  return { name: error.name, code: typeof error.code === 'string' ? error.code : undefined, message: `${error.message}`.toWellFormed() };
}

async function program(number) {
  seed(number);
  const helper = HELPERS[draw(HELPERS.length)], { run, of, names = [] } = LISTS[helper];
  const exchanged = [draw(of.length)];
  if (draw(4) === 0) exchanged.push(draw(of.length));
  const values = [], line = { program: number, helper, exchanged: {} };
  for (const [at, [name, right]] of of.entries()) {
    if (!exchanged.includes(at)) {
      values[at] = await right(number);
    } else {
      const kind = NAMES[draw(NAMES.length)];
      // Not awaited: what a promise is here is an argument.
      values[at] = VALUES[kind]();
      line.exchanged[name] = kind;
    }
  }
  try {
    line.value = shown(await run(...values));
  } catch (error) {
    line.error = failed(error);
    // What it may name instead of an argument.
    line.names = names;
  }
  log(stringify(line));
}

(async () => {
  keyOf = await aesKey();
  for (let number = first; number < first + count; number++) await program(number);
})();
