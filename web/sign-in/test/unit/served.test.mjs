// What is served: no foreign address, no script and no style inside the document, a strict policy, and colours that can be read.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { policyOf, serve } from "../../serve.mjs";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("nothing of the page comes from elsewhere, and nothing stands inside the document", () => {
  const html = read("dist/index.html");
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=")|<style|\bstyle=|\bon\w+=/);
  for (const name of ["index.html", "page.css", "page.js", "sign-in.js"]) {
    const foreign = read(`dist/${name}`).match(/https?:\/\/(?!localhost)[\w.-]+/g) ?? [];
    assert.deepEqual(foreign, [], name);
  }
  assert.doesNotMatch(read("dist/sign-in.js"), /innerHTML|insertAdjacentHTML|document\.write|\beval\(/);
});

test("the policy lets the page ask the nodes and the issuers, and nobody else", async (t) => {
  const page = { documents: { "/config.json": "{}" }, asks: ["http://127.0.0.1:7001", "https://id.example"] };
  const { address, close } = await serve(0, () => page);
  t.after(close);
  const { headers } = await fetch(address);
  const policy = headers.get("content-security-policy");
  assert.equal(policy, policyOf(page.asks));
  assert.match(policy, /^default-src 'none'; /);
  assert.match(policy, /connect-src 'self' http:\/\/127\.0\.0\.1:7001 https:\/\/id\.example;/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.equal((await fetch(new URL("config.json", address))).status, 200);
  assert.equal((await fetch(new URL("esm/element.js", address))).status, 404);
  assert.equal((await fetch(address.replace("localhost", "127.0.0.1"))).status, 421, "an address in figures has no passkeys");
});

test("colours can be read, in light and in dark", () => {
  for (const [name, pairs] of [
    ["src/sign-in.css", [["text", "face"], ["quiet", "face"], ["text", "soft"], ["quiet", "soft"], ["accent", "face"], ["bad", "face"], ["bad", "soft"], ["text", "warn"], ["text", "bad-face"], ["on-accent", "accent"]]],
    ["site/page.css", [["text", "face"], ["quiet", "face"], ["text", "soft"], ["bad", "face"], ["on-accent", "accent"]]],
  ]) {
    const [light, dark] = read(name).split("prefers-color-scheme: dark");
    for (const [scheme, part] of [["light", light], ["dark", dark]]) {
      const colours = Object.fromEntries([...part.matchAll(/--([a-z-]+): (?:var\([\w-]+, )?(#[0-9a-f]{3,6})/g)].map(([, key, colour]) => [key, colour]));
      for (const [ink, paper] of pairs) {
        const ratio = contrast(colours[ink], colours[paper]);
        assert.ok(ratio >= 4.5, `${name}, ${scheme}: ${ink} on ${paper} is ${ratio.toFixed(2)}`);
      }
    }
  }
});

/** The contrast of two colours (WCAG 2.2, section 1.4.3). */
function contrast(one, other) {
  const light = (colour) => {
    const digits = colour.length === 4 ? [...colour.slice(1)].map((digit) => digit + digit) : colour.slice(1).match(/../g);
    const [red, green, blue] = digits.map((pair) => parseInt(pair, 16) / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
}
