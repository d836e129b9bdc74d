// params: {"cid": "QmTS5dp9Ct9HAAY7nxaG4pjhDZKHKwT1JwgFd38TsmyBYD"}
(async () => {
  const tell = async (name, go) => console.log(name, await Promise.resolve().then(go).then((value) => JSON.stringify(value), (error) => `${error.name} ${error.code}: ${error.message}`));
  const toSign = new TextEncoder().encode("a statement"), signingScheme = "EcdsaK256Sha256";
  const check = (signOutput, bytes = toSign, actionIpfsCid = cid) => Lit.Actions.verifyActionSignature({ signingScheme, actionIpfsCid, toSign: bytes, signOutput });
  const signOutput = await Lit.Actions.signAsAction({ toSign, sigName: "a", signingScheme });
  console.log(signOutput);
  await tell("key", () => Lit.Actions.getActionPublicKey({ signingScheme, actionIpfsCid: cid }));
  await tell("right", () => check(signOutput));
  await tell("right, parsed", () => check(JSON.parse(signOutput)));
  await tell("other bytes", () => check(signOutput, [1, 2, 3]));
  await tell("other action", () => check(signOutput, toSign, "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"));
  await tell("other s", () => check({ ...JSON.parse(signOutput), s: "11".repeat(32) }));
  await tell("no signature", () => check("nonsense"));
  await tell("no CID", () => check(signOutput, toSign, "QmNot"));
  await tell("name used", () => Lit.Actions.signAsAction({ toSign, sigName: "a", signingScheme }));
})();
