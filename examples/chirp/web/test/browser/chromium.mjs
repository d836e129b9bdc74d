// Debian's Chromium, driven by the test; each person is a browser profile of its own.
import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

export const executable = [process.env.CHROMIUM, "/usr/bin/chromium"].find((path) => path && existsSync(path));
export const SIZES = { phone: { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true }, desktop: { width: 1280, height: 860, deviceScaleFactor: 1 } };
const out = new URL("../../screenshots/", import.meta.url);

export async function launch() {
  mkdirSync(out, { recursive: true });
  // Chromium's sandbox needs rights that a container's root does not have; the page is the test's own.
  return puppeteer.launch({ executablePath: executable, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb"] });
}

/** A page of a new person, which fails the test at any error, and at any request to another place than `allowed`. */
export async function person(browser, { scheme = "light", size = "desktop", before = () => undefined, argument = undefined, allowed = () => true, expected = () => false }) {
  const context = await browser.createBrowserContext(), page = await context.newPage(), faults = [];
  await page.setViewport(SIZES[size]);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  page.on("pageerror", (error) => faults.push(`error: ${error.stack ?? error.message}`));
  page.on("console", (message) => message.type() === "error" && !expected(message.text()) && faults.push(`console: ${message.text()} ${message.location().url ?? ""}`));
  page.on("request", (request) => !allowed(request.url()) && faults.push(`request: ${request.url()}`));
  await page.evaluateOnNewDocument(before, argument);
  return { page, context, faults, close: () => context.close() };
}

export const shoot = (page, name, options = {}) => page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, out)), ...options });
