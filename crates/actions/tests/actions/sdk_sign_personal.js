// params: {"publicKey": "0x04abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"}
(async () => {
  const tell = async (name, go) => console.log(name, await Promise.resolve().then(go).then((value) => JSON.stringify(value), (error) => `${error.name} ${error.code}: ${error.message}`));
  await tell("signed", () => Lit.Actions.ethPersonalSignMessageEcdsa({ message: "hello \u00e9", publicKey, sigName: "a" }));
  await tell("no text", () => Lit.Actions.ethPersonalSignMessageEcdsa({ message: [1], publicKey, sigName: "b" }));
  await tell("long name", () => Lit.Actions.ethPersonalSignMessageEcdsa({ message: "", publicKey, sigName: "\u00e9".repeat(65) }));
  await tell("long text", () => Lit.Actions.ethPersonalSignMessageEcdsa({ message: "x".repeat(262145), publicKey, sigName: "b" }));
})();
