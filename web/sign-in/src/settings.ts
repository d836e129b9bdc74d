/** What a page tells the element: by one object, or by attributes. */

/** An issuer of OpenID Connect that people may sign in with. */
export interface Issuer {
  /** As it stands on the button. */
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Where the issuer sends people back: this page without query and fragment, if nothing is said. */
  readonly redirectUri?: string;
  readonly scope?: string;
  readonly flow?: "code" | "id_token";
  readonly parameters?: { readonly [name: string]: string };
}

export interface Settings {
  /** The application's name, which people and authenticators are shown. */
  readonly application: string;
  /** The address of the network file. */
  readonly network: string;
  /** The network's id: a file of another network is refused. */
  readonly networkId?: string;
  /** What a session may do. */
  readonly capabilities: readonly string[];
  /** Names of actions by CID, for the words that tell what a session may do. */
  readonly actions?: { readonly [cid: string]: string };
  readonly issuers?: readonly Issuer[];
  /** The relying party of passkeys: the page's host, if nothing is said. */
  readonly rpId?: string;
  /** A session's life: 60. */
  readonly lifeMinutes?: number;
  /** The name of the browser's database: `quorate`. */
  readonly store?: string;
}

/** Attributes with a text, with a number, and with JSON. */
const ATTRIBUTES = {
  application: "text", network: "text", "network-id": "text", capabilities: "json", actions: "json", issuers: "json",
  "rp-id": "text", "life-minutes": "number", store: "text",
} as const;

export const attributeNames = (): string[] => Object.keys(ATTRIBUTES);

/** The settings cannot be used; the message is for whoever made the page. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly code = "settings";
}

/**
 * The settings that attributes write down; `null` without the attribute `network`.
 *
 * @throws SettingsError
 */
export function settingsOf(attribute: (name: string) => string | null): Settings | null {
  if (attribute("network") === null) return null;
  const found: { [name: string]: unknown } = {};
  for (const [name, kind] of Object.entries(ATTRIBUTES)) {
    const text = attribute(name);
    if (text === null) continue;
    const property = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    found[property] = kind === "json" ? parsed(name, text) : kind === "number" ? Number(text) : text;
  }
  return checked(found);
}

function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SettingsError(`the attribute ${name} is no JSON`);
  }
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Checks settings: people do not meet what a page's author got wrong.
 *
 * @throws SettingsError
 */
export function checked(settings: unknown): Settings {
  const wrong = (what: string): SettingsError => new SettingsError(`settings of quorate-sign-in: ${what}`);
  if (!isObject(settings)) throw wrong("an object is needed");
  const { application, network, capabilities, issuers = [], actions = {}, lifeMinutes = 60 } = settings;
  if (!isText(application)) throw wrong("application is the application's name");
  if (!isText(network)) throw wrong("network is the address of a network file");
  if (!Array.isArray(capabilities) || capabilities.length === 0 || !capabilities.every(isText)) throw wrong("capabilities are one text or more");
  if (!Array.isArray(issuers) || !issuers.every((one) => isObject(one) && [one["name"], one["issuer"], one["clientId"]].every(isText))) {
    throw wrong("each of issuers has name, issuer and clientId");
  }
  if (!isObject(actions) || !Object.values(actions).every(isText)) throw wrong("actions are names by CID");
  if (typeof lifeMinutes !== "number" || !(lifeMinutes >= 2 && lifeMinutes < 24 * 60)) throw wrong("lifeMinutes is at least 2, and less than a day");
  for (const name of ["networkId", "rpId", "store"]) {
    if (settings[name] !== undefined && !isText(settings[name])) throw wrong(`${name} is a text`);
  }
  return settings as unknown as Settings;
}
