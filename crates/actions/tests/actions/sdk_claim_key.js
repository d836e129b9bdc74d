(async () => {
  const tell = async (name, go) => console.log(name, await Promise.resolve().then(go).then((value) => JSON.stringify(value), (error) => `${error.name} ${error.code}: ${error.message}`));
  await tell("claimed", () => Lit.Actions.claimKey({ keyId: "user-1" }));
  await tell("refused", () => Lit.Actions.claimKey({ keyId: "refused" }));
  await tell("empty", () => Lit.Actions.claimKey({ keyId: "" }));
})();
