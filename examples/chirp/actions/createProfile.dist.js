(() => {
  // project/chirp/actions/ceramic.ts
  var utf8 = (text) => new TextEncoder().encode(text);
  var coded = (bytes, encoding) => Lit.Actions.uint8arrayToString(bytes, encoding);
  var base64 = (bytes) => coded(bytes, "base64");
  var base64url = (bytes) => coded(bytes, "base64url");
  var decoded = (text, encoding) => {
    if (typeof text !== "string") return null;
    try {
      const bytes = Lit.Actions.uint8arrayFromString(text, encoding);
      return coded(bytes, encoding) === text ? bytes : null;
    } catch {
      return null;
    }
  };
  var sha256 = (bytes) => ethers.utils.arrayify(ethers.utils.sha256(bytes));
  var toBase32 = (bytes) => "b" + coded(bytes, "base32");
  var toBase36 = (bytes) => "k" + coded(bytes, "base36");
  var fromBase32 = (text) => typeof text === "string" && text[0] === "b" ? decoded(text.slice(1), "base32") : null;
  var fromBase36 = (text) => typeof text === "string" && text[0] === "k" ? decoded(text.slice(1), "base36") : null;
  var BLOCK = 113;
  var ENVELOPE = [133, 1];
  var DOCUMENT = 3;
  var cidOf = (block2) => Uint8Array.from([1, BLOCK, 18, 32, ...sha256(block2)]);
  var startsWith = (bytes, head2) => head2.every((byte, at) => bytes[at] === byte);
  var isCid = (text, head2) => {
    const bytes = fromBase32(text);
    return bytes !== null && bytes.length === head2.length + 32 && startsWith(bytes, head2);
  };
  var isEnvelopeCid = (text) => isCid(text, [1, ...ENVELOPE, 18, 32]);
  var isCommitCid = (text) => isCid(text, [1, BLOCK, 18, 32]) || isEnvelopeCid(text);
  var head = (major, n) => n < 24 ? [major << 5 | n] : n < 256 ? [major << 5 | 24, n] : n < 65536 ? [major << 5 | 25, n >> 8, n & 255] : refuseLength();
  var refuseLength = () => {
    throw new RangeError("longer than any commit of these actions");
  };
  var cbor = (value) => {
    if (value === null) return [246];
    if (typeof value === "boolean") return [value ? 245 : 244];
    if (typeof value === "string") return [...head(3, utf8(value).length), ...utf8(value)];
    if (value instanceof Uint8Array) return [...head(2, value.length), ...value];
    if (Array.isArray(value)) return [...head(4, value.length), ...value.flatMap(cbor)];
    if (value["/"] !== void 0) return [216, 42, ...cbor(Uint8Array.from([0, ...fromBase32(value["/"])]))];
    const keys = Object.keys(value).sort((a, b) => utf8(a).length - utf8(b).length || (a < b ? -1 : 1));
    return [...head(5, keys.length), ...keys.flatMap((key) => [...cbor(key), ...cbor(value[key])])];
  };
  var block = (value) => Uint8Array.from(cbor(value));
  var didOf = (publicKey) => "did:key:z" + coded(Uint8Array.from([231, 1, ...ethers.utils.arrayify(ethers.utils.computePublicKey(publicKey, true))]), "base58btc");
  function documentOf(publicKey, model, unique) {
    const header = { controllers: [didOf(publicKey)], model: fromBase36(model), sep: "model", unique };
    const cid = cidOf(block({ data: null, header }));
    return {
      stream: toBase36(Uint8Array.from([206, 1, DOCUMENT, ...cid])),
      link: toBase32(cid),
      /** As a Ceramic node takes it. */
      genesis: { data: null, header: { ...header, model: base64(header.model), unique: base64(unique) } }
    };
  }
  var protectedOf = (publicKey) => {
    const did = didOf(publicKey);
    return base64url(utf8(JSON.stringify({ alg: "ES256K", kid: `${did}#${did.slice("did:key:".length)}` })));
  };
  async function signCommit(publicKey, payload, sigName) {
    const bytes = block(payload), cid = cidOf(bytes), head2 = protectedOf(publicKey);
    const toSign = sha256(utf8(`${head2}.${base64url(cid)}`));
    const { r, s } = JSON.parse(await Lit.Actions.signAndCombineEcdsa({ toSign, publicKey, sigName }));
    const signature = base64url(ethers.utils.arrayify("0x" + r.substring(2) + s));
    return { jws: { payload: base64url(cid), signatures: [{ protected: head2, signature }], link: toBase32(cid) }, linkedBlock: base64(bytes) };
  }

  // project/chirp/actions/rules.ts
  var CERAMIC = "http://127.0.0.1:7707/api/v0";
  var PROFILE = "kjzl6hvfrbw6c7smgid133e3czlus7c0tk8qu07jljb4ftgpghlcbtpowswea50";
  var Refusal = class extends Error {
    constructor(code, reason) {
      super(reason);
      this.code = code;
    }
    code;
  };
  async function answer(rules) {
    try {
      const address = Lit.Auth.authSigAddress;
      if (typeof address !== "string") throw new Refusal("login_missing", "Sign in first.");
      return { ok: true, ...await rules(`wallet:${address.toLowerCase()}`) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { ok: false, code: error.code, reason: error.message };
    }
  }
  function plainText(text, what, most) {
    if (typeof text !== "string" || text === "") throw new Refusal("text_empty", `A ${what} has at least one character.`);
    if (text.length > 2 * most || [...text].length > most) throw new Refusal("text_too_long", `A ${what} has at most ${most} characters.`);
    if (/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/u.test(text)) {
      throw new Refusal("text_not_plain", `A ${what} has no control characters and no halves of characters.`);
    }
    return text;
  }
  var unavailable = () => new Refusal("store_unavailable", "The data store does not answer as it should. Try again later.");
  async function ask(path, body) {
    const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    let response, answer2;
    try {
      response = await fetch(CERAMIC + path, { redirect: "error", ...options });
      answer2 = JSON.parse(await response.text());
    } catch {
      throw unavailable();
    }
    if (response.ok && typeof answer2 === "object" && answer2 !== null) return answer2;
    if (!body && response.status === 500 && /^Timeout error while loading CID /.test(answer2?.error)) return null;
    throw unavailable();
  }
  async function current(publicKey, model, fields, seen) {
    const { stream, link, genesis } = documentOf(publicKey, model, utf8(Object.values(fields).join("|")));
    const empty = { stream, genesis, link, content: null, tip: link };
    const state = seen === void 0 || seen === link ? await indexed(genesis.header.controllers[0], model, fields) : await shown(stream);
    const document = state === null ? empty : { ...empty, ...latest(state, link) };
    if (seen !== void 0 && seen !== document.tip) throw new Refusal("stale_tip", "Somebody was faster. Look at it again.");
    return document;
  }
  async function indexed(account, model, fields) {
    const where = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { equalTo: value }]));
    const { edges } = await ask("/collection", { model, account, last: 1, queryFilters: { where } });
    if (!Array.isArray(edges)) throw unavailable();
    return edges.length === 0 ? null : edges[0]?.node ?? {};
  }
  var shown = async (stream) => {
    const answer2 = await ask(`/streams/${stream}`);
    return answer2 === null ? null : answer2.state ?? {};
  };
  function latest(state, link) {
    const log = state.log, tip = Array.isArray(log) ? log[log.length - 1]?.cid : null;
    const content = state.next?.content ?? state.content ?? null;
    if (log?.[0]?.cid !== link || !isCommitCid(tip) || typeof content !== "object") throw unavailable();
    if (content === null && isEnvelopeCid(tip)) throw unavailable();
    return { content, tip };
  }
  async function write(publicKey, document, content, changes) {
    const first = document.content === null, names = first ? Object.keys(content) : [changes];
    const data = names.map((name) => ({ op: first ? "add" : "replace", path: `/${name}`, value: content[name] }));
    const payload = { data, id: { "/": document.link }, prev: { "/": document.tip } };
    const commit = await signCommit(publicKey, payload, "commit");
    const { stream, genesis, tip } = document;
    return { stream, did: genesis.header.controllers[0], content, prev: tip, genesis, commit };
  }

  // project/chirp/actions/createProfile.ts
  async function main({ publicKey, name, tip }) {
    return answer(async (user) => {
      const wanted = plainText(name, "name", 40);
      const profile = await current(publicKey, PROFILE, { user }, tip);
      if (profile.content?.name === wanted) throw new Refusal("name_unchanged", "That is your name already.");
      return write(publicKey, profile, { user, name: wanted }, "name");
    });
  }

  // project/entry.js
  globalThis.main = main;
})();
