// params: {"publicKey": "0x04abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"}
(async () => {
  const tell = async (name, go) => console.log(name, await Promise.resolve().then(go).then((value) => JSON.stringify(value), (error) => `${error.name} ${error.code}: ${error.message}`));
  const toSign = new Uint8Array(32).fill(1), signingScheme = "EcdsaK256Sha256";
  await tell("sign", () => LitActions.sign({ toSign, publicKey, sigName: "a", signingScheme }));
  await tell("combine", () => LitActions.signAndCombine({ toSign: [...toSign], publicKey: publicKey.slice(2), sigName: "b", signingScheme }));
  await tell("bytes of a key", () => LitActions.signEcdsa({ toSign: toSign.buffer, publicKey: LitActions.uint8arrayFromString(publicKey.slice(2), "hex"), sigName: "c" }));
  await tell("name used", () => LitActions.sign({ toSign, publicKey, sigName: "a", signingScheme }));
  await tell("other scheme", () => LitActions.sign({ toSign, publicKey, sigName: "d", signingScheme: "SchnorrEd25519Sha512" }));
  await tell("no such scheme", () => LitActions.signAndCombine({ toSign, publicKey, sigName: "d", signingScheme: "Rot13" }));
  await tell("no scheme", () => LitActions.sign({ toSign, publicKey, sigName: "d" }));
  await tell("refused", () => LitActions.sign({ toSign, publicKey, sigName: "refused", signingScheme }));
})();
