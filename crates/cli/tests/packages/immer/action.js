// Changes a copy and leaves the original, by proxies.
// Gives: {"base":{"keys":[{"name":"a"},{"name":"b"}],"count":1},"next":{"keys":[{"name":"a"},{"name":"c"}],"count":2},"shared":true,"frozen":true,"patches":[{"op":"add","path":["keys",2],"value":{"name":"d"}}]}
import { produce, produceWithPatches, enablePatches } from "npm:immer@11.2.13";

export function main() {
  enablePatches();
  const base = { keys: [{ name: "a" }, { name: "b" }], count: 1 };
  const next = produce(base, (draft) => { draft.keys[1].name = "c"; draft.count += 1; });
  const [, patches] = produceWithPatches(base, (draft) => { draft.keys.push({ name: "d" }); });
  return { base, next, shared: base.keys[0] === next.keys[0], frozen: Object.isFrozen(next), patches };
}
