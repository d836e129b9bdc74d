(async () => {
  const tell = async (name, go) => console.log(name, await Promise.resolve().then(go).then((value) => JSON.stringify(value), (error) => `${error.name} ${error.code}: ${error.message}`));
  const { broadcastAndCollect } = Lit.Actions;
  await tell("equal", () => broadcastAndCollect({ name: "price", value: "20" }));
  await tell("different", () => broadcastAndCollect({ name: "spread", value: "20" }));
  await tell("refused", () => broadcastAndCollect({ name: "refused", value: "20" }));
  await tell("too long", () => broadcastAndCollect({ name: "long", value: "x".repeat(32769) }));
  await tell("nothing", () => broadcastAndCollect({ name: "none" }));
})();
