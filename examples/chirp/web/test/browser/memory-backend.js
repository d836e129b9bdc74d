// Stands in the place of the page's backend: a world in memory that the test changes through `window.world`.
import { FORMS, checkStream, keyOf } from "../site/commit.js";
import { Memory, World } from "../test/memory.js";

const POST = "kjzl6hvfrbw6c6q0v5toauqfhz9feo16hhqk7bh0aczd3fij0693exmpdyfd1f1";

export function open() {
  const world = new World({ latency: 120 });
  window.world = world;
  const memory = new Memory(world, { wallets: window.noWallet ? [] : [{ id: "test", name: "Test Wallet", icon: null }], resumed: window.resumed ?? null });
  memory.proof = async (id) => {
    if (world.broken) throw world.broken;
    const golden = await (await fetch("/test/golden.json")).json(), { stream, prev, genesis, cid, commit, did } = golden.find(({ name }) => name === "a post");
    const checked = await checkStream(stream, [{ cid: prev, value: genesis }, { cid, value: commit }], { publicKey: keyOf(did), model: POST, ...FORMS.post, verify: () => true });
    const action = { name: "createPost", cid: `Qm${"b".repeat(44)}` };
    const ours = world.posts.find((post) => post.id === id)?.author === memory.session?.user;
    return { stream: checked, commit: checked.commits[0], action, receipt: ours ? { request: "0228e1792ae25ce850bd19747e6dd7270674c1c97162e295db7fd71fbb24b32c", members: [1, 3], action: action.cid } : null };
  };
  window.fill?.(world);
  return memory;
}
