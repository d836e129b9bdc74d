// What is served: no foreign address, no markup from data, nothing that the policy forbids, few bytes, and colours that can be read.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const site = new URL("../../site/", import.meta.url), read = (name) => readFileSync(new URL(name, site), "utf8");
const PAGE_BYTES_MAX = 80_000;

test("nothing is asked of a third party, and no data becomes markup", () => {
  for (const name of readdirSync(site)) {
    const text = read(name).replaceAll("http://www.w3.org/2000/svg", "");
    assert.doesNotMatch(text.replace(/connect-src [^;]*/, ""), /https?:\/\/|@import\b(?! \{)|\burl\(/, name);
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc/, name);
  }
});

test("the document keeps its own policy: no inline script, style or handler", () => {
  const page = read("index.html");
  assert.match(page, /default-src 'none'; script-src 'self'; style-src 'self';.* require-trusted-types-for 'script'; trusted-types 'none'/);
  assert.doesNotMatch(page, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)|javascript:/);
});

test("the whole page has at most 80 kB over the wire, compressed as its server does it", (t) => {
  execFileSync(process.execPath, [fileURLToPath(new URL("../../build.mjs", import.meta.url))]);
  const dist = new URL("../../dist/", import.meta.url), client = new URL("../../../../../sdk/dist/quorate.js", import.meta.url);
  const files = [client, ...readdirSync(dist).map((name) => new URL(name, dist))].map((file) => readFileSync(file));
  const sum = (sizes) => sizes.reduce((all, size) => all + size);
  const bytes = sum(files.map((file) => gzipSync(file).length));
  t.diagnostic(`${bytes} bytes, ${sum(files.map(({ length }) => length))} uncompressed`);
  assert.ok(bytes <= PAGE_BYTES_MAX, `${bytes} bytes`);
});

test("text has a contrast of 4.5 at least, in light and in dark", () => {
  const [light, dark] = read("chirp.css").split("@media (prefers-color-scheme: dark)").map((part) => Object.fromEntries([...part.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, colour]) => [name, colour])));
  const pairs = [["ink", "paper"], ["ink", "raised"], ["ink", "hold"], ["ink", "wash"], ["soft", "paper"], ["soft", "raised"], ["soft", "hold"], ["accent", "paper"], ["accent", "raised"], ["accent", "wash"], ["on-accent", "accent"], ["on-accent", "accent-strong"], ["bad", "paper"], ["bad", "raised"], ["bad", "bad-wash"], ["paper", "ink"]];
  for (const [scheme, colours] of Object.entries({ light, dark: { ...light, ...dark } })) for (const [front, back] of pairs) {
    const contrast = ratio(colours[front], colours[back]);
    assert.ok(contrast >= 4.5, `${scheme}: ${front} on ${back} has ${contrast.toFixed(2)}`);
  }
});

function ratio(one, other) {
  const light = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)).reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}
