(async () => {
  const tell = async (name, go) => console.log(name, await Promise.resolve().then(go).then((value) => JSON.stringify(value), (error) => `${error.name} ${error.code}: ${error.message}`));
  const { runOnce } = Lit.Actions;
  await tell("here", () => runOnce({ waitForResponse: true, name: "a" }, async () => ({ toString: () => "mine" })));
  await tell("a number", () => runOnce({ waitForResponse: true }, () => 42));
  await tell("nothing", () => runOnce({ waitForResponse: true }, async () => {}));
  await tell("not waiting", () => runOnce({ waitForResponse: false, name: "a" }, async () => "mine"));
  await tell("elsewhere", () => runOnce({ waitForResponse: true, name: "elsewhere" }, async () => "mine"));
  await tell("elsewhere, not waiting", () => runOnce({ name: "elsewhere" }, async () => "mine"));
  await tell("it throws", () => runOnce({ waitForResponse: true }, async () => { throw new RangeError("no"); }));
  await tell("it throws elsewhere", () => runOnce({ waitForResponse: true, name: "elsewhere-fails" }, async () => "mine"));
  await tell("too long", () => runOnce({ waitForResponse: true }, async () => "x".repeat(102401)));
  await tell("no function", () => runOnce({ waitForResponse: true }));
})();
