/** What this browser can: passkeys, wallets. */

import type { Eip1193Provider } from "./quorate.js";

/** Whether passkeys work here: `embedded` is a browser inside another application, without them. */
export type PasskeyPlace = "yes" | "none" | "embedded";

export function passkeyPlace(): PasskeyPlace {
  const works = window.isSecureContext && typeof PublicKeyCredential === "function" && typeof navigator.credentials?.get === "function";
  if (works) return "yes";
  return isEmbedded(navigator.userAgent) ? "embedded" : "none";
}

/** Whether a browser says of itself that it is part of another application. Only words depend on it. */
export const isEmbedded = (agent: string): boolean =>
  /; wv\)|\b(?:FBAN|FBAV|Instagram|Line|MicroMessenger|GSA)\//.test(agent)
  || (/\b(?:iPhone|iPad|iPod)\b/.test(agent) && /AppleWebKit/.test(agent) && !/Safari\//.test(agent));

/** A wallet that the browser injects. */
export interface Wallet {
  readonly id: string;
  readonly name: string;
  /** A picture inside its address; nothing is fetched for it. */
  readonly icon: string | null;
  readonly provider: Eip1193Provider;
}

const WALLETS_MAX = 8;
const ICON_CHARACTERS_MAX = 64 << 10;

/**
 * Calls with the wallets that show themselves (EIP-6963), now and whenever there is another; a browser with `window.ethereum`
 * alone has that one (EIP-1193).
 */
export function watchWallets(found: (wallets: readonly Wallet[]) => void, signal: AbortSignal): void {
  const wallets = new Map<string, Wallet>();
  const tell = (): void => {
    const { ethereum } = window as { readonly ethereum?: unknown };
    const injected = isProvider(ethereum) ? [{ id: "injected", name: "the wallet of this browser", icon: null, provider: ethereum }] : [];
    found(wallets.size > 0 ? [...wallets.values()] : injected);
  };
  window.addEventListener("eip6963:announceProvider", (event) => {
    const wallet = walletOf((event as CustomEvent<unknown>).detail);
    if (wallet === null || wallets.size >= WALLETS_MAX) return;
    wallets.set(wallet.id, wallet);
    tell();
  }, { signal });
  tell();
  window.dispatchEvent(new Event("eip6963:requestProvider"));
}

/** Any script of the page can announce a wallet: only what has the form of one counts. */
function walletOf(detail: unknown): Wallet | null {
  if (typeof detail !== "object" || detail === null) return null;
  const { info, provider } = detail as { readonly info?: unknown; readonly provider?: unknown };
  if (typeof info !== "object" || info === null || !isProvider(provider)) return null;
  const { uuid, name, icon } = info as { readonly [member: string]: unknown };
  if (typeof uuid !== "string" || uuid.length > 64 || typeof name !== "string" || name.trim() === "") return null;
  return { id: uuid, name: name.trim().slice(0, 40), icon: isPicture(icon) ? icon : null, provider };
}

const isProvider = (value: unknown): value is Eip1193Provider =>
  typeof value === "object" && value !== null && "request" in value && typeof value.request === "function";

const isPicture = (value: unknown): value is string =>
  typeof value === "string" && value.length <= ICON_CHARACTERS_MAX && /^data:image\/(?:png|webp|svg\+xml|jpeg|gif)[;,]/.test(value);
