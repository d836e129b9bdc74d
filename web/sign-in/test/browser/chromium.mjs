// Debian's Chromium, driven by the test. Each profile has a folder of its own, and an authenticator that DevTools plays.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

export const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const SIZES = {
  phone: { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  desktop: { width: 1280, height: 900, deviceScaleFactor: 1 },
};
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-dev-shm-usage", "--force-color-profile=srgb",
  // Nobody but this machine is asked, whatever a page tries.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
];
const PICTURES = fileURLToPath(new URL("../../../../target/sign-in/pictures/", import.meta.url));

/** A browser of a new person or a new device, which ends with the test. */
export async function profile(t, address, { size = "desktop", scheme = "light", autofill = false, prepare = () => undefined } = {}) {
  if (!existsSync(EXECUTABLE)) throw new Error(`there is no ${EXECUTABLE}; apt-get install chromium brings it`);
  const folder = mkdtempSync(join(tmpdir(), "quorate-sign-in-"));
  const browser = await puppeteer.launch({ executablePath: EXECUTABLE, headless: true, userDataDir: folder, args: FLAGS });
  const close = async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  t.after(close);
  const [page] = await browser.pages();
  const faults = [], origin = new URL(address).origin;
  page.on("pageerror", (error) => faults.push(`error: ${error.stack ?? error.message}`));
  page.on("console", (message) => message.type() === "error" && /Content Security Policy|Trusted/i.test(message.text()) && faults.push(message.text()));
  const asked = new Set();
  page.on("request", (request) => request.frame()?.url().startsWith(origin) && asked.add(new URL(request.url()).origin));
  await page.setViewport(SIZES[size]);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  // DevTools' authenticators answer autofill at once, as if the person had chosen: only a test of just that wants it.
  if (!autofill) await page.evaluateOnNewDocument(() => { PublicKeyCredential.isConditionalMediationAvailable = async () => false; });
  await page.evaluateOnNewDocument(prepare);
  const devtools = await page.createCDPSession();
  await devtools.send("WebAuthn.enable", { enableUI: false });
  return { page, devtools, faults, asked, close };
}

/** A device's own authenticator, which verifies its user at once. */
export async function authenticator({ devtools }, more = {}) {
  const options = {
    protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true, ...more,
  };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  const send = (method, params = {}) => devtools.send(`WebAuthn.${method}`, { authenticatorId, ...params });
  return { send, credentials: async () => (await send("getCredentials")).credentials };
}

/** What the element and the page show and know. */
export const shown = ({ page }) => page.evaluate(() => {
  const element = document.querySelector("quorate-sign-in"), root = element.shadowRoot;
  const { session } = element;
  return {
    title: root.getElementById("title")?.textContent, text: root.querySelector(".body").innerText, status: root.querySelector(".status").textContent,
    failure: root.querySelector(".failure").innerText, session: session && { id: session.id, user: session.user, login: session.login, expiresMs: session.expiresMs },
    ids: document.querySelector("#greeting").dataset.ids?.split(" ") ?? [], greeting: document.querySelector("#greeting").textContent,
    result: document.querySelector("#result").innerText, signed: document.querySelector("#result").dataset.signed,
  };
});

/** Presses what a selector names inside the element, once nothing else is being done there. */
export async function press({ page }, selector) {
  for (let left = 3; ; left -= 1) {
    const handle = await page.waitForFunction((wanted) => {
      const found = document.querySelector("quorate-sign-in")?.shadowRoot.querySelector(wanted);
      return found?.closest("[inert]") === null ? found : null;
    }, { timeout: 20_000 }, selector);
    try {
      return await handle.asElement().click();
    } catch (error) {
      // It was drawn anew meanwhile.
      if (left === 0 || !/detached|not clickable/.test(error.message)) throw error;
    }
  }
}

/** Waits until something is shown. */
export async function until(one, wanted, what, timeout = 30_000) {
  const end = Date.now() + timeout;
  for (;;) {
    // A page between two addresses has nothing to show.
    const now = await shown(one).catch(() => null);
    if (now !== null && wanted(now)) return now;
    if (Date.now() > end) throw new Error(`not seen in ${timeout} ms: ${what}; shown: ${JSON.stringify(now, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function shoot({ page }, name) {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}
