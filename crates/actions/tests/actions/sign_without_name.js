// params: {"publicKey": "0x04abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"}
(async () => {
  const tell = async (name, go) => console.log(name, await Promise.resolve().then(go).then((value) => JSON.stringify(value), (error) => `${error.name} ${error.code}: ${error.message}`));
  const { sign, signAndCombine, signAndCombineEcdsa, signEcdsa } = Lit.Actions;
  const toSign = new Uint8Array(32).fill(1), signingScheme = "EcdsaK256Sha256";
  await tell("first", () => signAndCombineEcdsa({ toSign, publicKey }));
  await tell("second", () => signAndCombine({ toSign, publicKey, signingScheme }));
  await tell("named as the second", () => signAndCombine({ toSign, publicKey, signingScheme, sigName: "unnamed-2" }));
  await tell("named as the third", () => signAndCombine({ toSign, publicKey, signingScheme, sigName: "unnamed-3" }));
  await tell("third", () => signAndCombineEcdsa({ toSign, publicKey }));
  await tell("fourth", () => signAndCombineEcdsa({ toSign, publicKey }));
  await tell("no text", () => signAndCombineEcdsa({ toSign, publicKey, sigName: null }));
  await tell("not seen by the action", () => signEcdsa({ toSign, publicKey }));
  await tell("nor this", () => sign({ toSign, publicKey, signingScheme }));
})();
