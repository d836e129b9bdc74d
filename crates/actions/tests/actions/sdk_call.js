(async () => {
  const tell = async (name, go) => console.log(name, await Promise.resolve().then(go).then((value) => JSON.stringify(value), (error) => `${error.name} ${error.code}: ${error.message}`));
  await tell("child", () => Lit.Actions.call({ ipfsId: "QmChild", params: { a: [1, "\u2028"] } }));
  await tell("no params", () => Lit.Actions.call({ ipfsId: "QmChild" }));
  await tell("no response", () => Lit.Actions.call({ ipfsId: "QmSilent" }));
  await tell("fails", () => Lit.Actions.call({ ipfsId: "QmFails" }));
  await tell("odd params", () => Lit.Actions.call({ ipfsId: "QmChild", params: [] }));
  await tell("odd name", () => Lit.Actions.call({ ipfsId: "../etc" }));
})();
