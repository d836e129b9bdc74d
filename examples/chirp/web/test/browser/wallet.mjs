// A wallet for tests, injected as browsers' wallets are (EIP-6963 and EIP-1193). Its key stays on this side.
import { addressOf, signText } from "../../../../../sdk/dist/esm/index.js";

/** What runs in the page: a provider that announces itself, and asks `window.walletRequest`. */
export function injected({ name }) {
  const request = async ({ method, params }) => {
    const { result, code } = await window.walletRequest(method, params ?? []);
    if (code) throw Object.assign(new Error("User rejected the request."), { code });
    return result;
  };
  const provider = { request };
  const info = Object.freeze({ uuid: "350670db-19fa-4704-a166-e52e178b59d2", name, rdns: "example.test", icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 10 10'><rect width='10' height='10' rx='2' fill='white'/><circle cx='5' cy='5' r='2.5' fill='black'/></svg>" });
  const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
}

/** Answers a page's wallet with a key; `refuse` says no as people do. */
export async function answerWallet(page, secret, state = { refuse: false, asked: [] }) {
  await page.exposeFunction("walletRequest", (method, params) => {
    state.asked.push(method);
    if (method === "eth_requestAccounts") return { result: [addressOf(secret)] };
    if (method !== "personal_sign" || state.refuse) return { code: state.refuse ? 4001 : 4200 };
    return { result: signText(secret, Buffer.from(params[0].slice(2), "hex").toString("utf8")) };
  });
  return state;
}
