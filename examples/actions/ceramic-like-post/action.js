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
  var DOCUMENT = 3;
  var cidOf = (block2) => Uint8Array.from([1, BLOCK, 18, 32, ...sha256(block2)]);
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

  // project/actions/ceramic-like-post/action.ts
  var CERAMIC = "https://ceramic.example/api/v0";
  var MODEL = "kjzl6hvfrbw6c9hbrvqfvqqzrqp7qd2s6h6wbs1kv2yl8rp4gmm7ju10ak19ywx";
  async function main({ publicKey, postID }) {
    const user = Lit.Auth.authSigAddress;
    const refuse = (reason) => ({ liked: false, reason });
    if (!user) return refuse("log in first");
    const post = await fetch(`${CERAMIC}/streams/${postID}`);
    if (!post.ok) return refuse("there is no such post");
    const found = await fetch(`${CERAMIC}/collection`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ model: MODEL, last: 1, queryFilters: { where: { postID: { equalTo: postID }, user: { equalTo: user } } } })
    });
    const { edges } = await found.json();
    if (edges.length > 0) return refuse("you have liked this post before");
    const { link } = documentOf(publicKey, MODEL, utf8(`${postID}|${user}`));
    const data = [{ op: "add", path: "/postID", value: postID }, { op: "add", path: "/user", value: user }];
    const commit = await signCommit(publicKey, { data, prev: { "/": link }, id: { "/": link } }, "likePost");
    return { liked: true, genesisCid: link, commit };
  }

  // project/entry.js
  globalThis.main = main;
})();
