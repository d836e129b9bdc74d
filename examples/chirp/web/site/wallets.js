// Wallets that the browser offers: each announces itself (EIP-6963); an older one is `window.ethereum` (EIP-1193).

/** @import { Wallet } from "../types.js" */
/** @typedef {{ request(call: { method: string, params?: unknown[] }): Promise<unknown> }} Provider */

const WALLETS_MAX = 8, NAME_MAX = 40, ICON_MAX = 65_536, PATIENCE_MS = 250;
export const OLDER = "window.ethereum";

/** What a wallet says of itself, as far as it can be shown. @param {any} info @returns {Wallet | null} */
export function introduced(info) {
  const { uuid, name, icon } = info ?? {};
  if (typeof uuid !== "string" || uuid.length > 64 || typeof name !== "string" || name.trim() === "") return null;
  const picture = typeof icon === "string" && icon.length <= ICON_MAX && /^data:image\/(png|jpeg|webp|gif|svg\+xml)[;,]/.test(icon);
  return { id: uuid, name: [...name.trim()].slice(0, NAME_MAX).join(""), icon: picture ? icon : null };
}

/** @param {Window & { ethereum?: unknown }} target @param {(wallets: Wallet[]) => void} found */
export function findWallets(target, found) {
  /** @type {Map<string, { wallet: Wallet, provider: Provider }>} */
  const known = new Map();
  const add = (/** @type {Wallet} */ wallet, /** @type {Provider} */ provider) => {
    if (known.has(wallet.id) || known.size >= WALLETS_MAX || typeof provider?.request !== "function") return;
    known.set(wallet.id, { wallet, provider });
    found([...known.values()].map((entry) => entry.wallet));
  };
  target.addEventListener("eip6963:announceProvider", (event) => {
    const { info, provider } = /** @type {CustomEvent} */ (event).detail ?? {}, wallet = introduced(info);
    if (wallet) add(wallet, provider);
  });
  target.dispatchEvent(new Event("eip6963:requestProvider"));
  // A wallet that announces itself is `window.ethereum` as well, and would stand there twice.
  setTimeout(() => known.size === 0 && target.ethereum && add({ id: OLDER, name: "your wallet", icon: null }, /** @type {Provider} */ (target.ethereum)), PATIENCE_MS);
  return { provider: (/** @type {string} */ id) => known.get(id)?.provider };
}
