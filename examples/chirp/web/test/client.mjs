// A client in memory: its network runs the golden actions, and can be told what to answer next. No cryptography but what is golden.
import { golden, verify } from "./golden.mjs";

export const state = { next: [], asked: [], kept: new Map(), session: null, silent: [], sources: new Map(), keys: [], now: 0 };

export const verifyDigest = verify;
export const cidOf = (text) => state.sources.get(text) ?? "Qm";
export const capability = ({ action }) => `quorate:key/*/action/${action}`;
export const keyLogin = (secret) => ({ address: `0x${Buffer.from(secret).toString("hex").slice(0, 40)}` });
export const walletLogin = (provider) => ({ address: provider.address, wait: provider.wait });
export const guestKey = async () => new Uint8Array(32).fill(0xee);
export const fetchNetwork = async () => ({ id: "00", size: 3, threshold: 2 });
export const openStore = async () => ({ get: async (name) => state.kept.get(name), put: async (name, value) => void state.kept.set(name, value) });
export const restoreSession = async () => state.session;
export const forgetSession = async () => void (state.session = null);
export const logIn = async (_network, { address, wait }, { capabilities, signal }) => {
  await Promise.race([wait, new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)))]);
  return (state.session = { address, capabilities, expired: false });
};
export const verifyReceipt = (_network, receipt) => {
  if (receipt.forged) throw new Error("forged");
  return receipt;
};

export class Client {
  async nodeView(node) {
    if (state.silent.includes(node)) throw new Error("silent");
  }

  async keyView(node) {
    await this.nodeView(node);
    return state.keys[node - 1];
  }

  async getCode(cid) {
    return [...state.sources].find(([, name]) => name === cid)?.[0] ?? "another text";
  }

  async execute(_session, { action, params }) {
    state.asked.push({ cid: action.cid, params });
    const next = await state.next.shift();
    if (next instanceof Error) throw next;
    return { response: JSON.stringify(next), receipt: { of: next.stream } };
  }
}

/** What an action answers where it signs the golden commit of this name. */
export function answerOf(name) {
  const { stream, did, content, prev, genesis, commit } = golden.find((entry) => entry.name === name);
  return { ok: true, stream, did, content, prev, genesis, commit };
}
