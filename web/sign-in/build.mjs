// Builds dist/: the element, and the page around it. The client lies beside them as its own build made it. node build.mjs
import { cpSync, readFileSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { cidOf } from "../../sdk/dist/esm/hash.js";

/** What a person loads of the page itself, uncompressed. The client beside it has a bound of its own, in its own build. */
const PAGE_BYTES_MAX = 100_000;
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

rmSync(at("dist"), { recursive: true, force: true });
const tsc = spawnSync(process.execPath, [at("node_modules/typescript/bin/tsc"), "--project", at("tsconfig.json")], { stdio: "inherit" });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

const code = readFileSync(at("site/greet.js"), "utf8");
const options = {
  bundle: true, minify: true, format: "esm", target: ["es2022", "chrome109", "firefox115", "safari16.4"], legalComments: "none", logLevel: "warning",
  external: ["./quorate.js"], loader: { ".css": "text" }, plugins: [{ name: "css", setup: minifyCss }],
};
await build({ ...options, entryPoints: [at("src/element.ts")], outfile: at("dist/sign-in.js") });
await build({ ...options, entryPoints: [at("src/page.ts")], outfile: at("dist/page.js"), define: { GREET: JSON.stringify({ cid: cidOf(code), code }) } });
await build({ entryPoints: [at("site/page.css")], outfile: at("dist/page.css"), minify: true, logLevel: "warning" });
cpSync(at("site/index.html"), at("dist/index.html"));
cpSync(at("../../sdk/dist/quorate.js"), at("dist/quorate.js"));

const sizes = ["index.html", "page.css", "page.js", "sign-in.js", "quorate.js"].map((name) => {
  const bytes = readFileSync(at(`dist/${name}`));
  return { name, bytes: bytes.length, compressed: gzipSync(bytes, { level: 9 }).length };
});
const sum = (of, member) => of.reduce((all, one) => all + one[member], 0);
const own = sizes.filter(({ name }) => name !== "quorate.js");
for (const { name, bytes, compressed } of sizes) console.log(`dist/${name}: ${bytes} bytes, ${compressed} compressed`);
console.log(`the page: ${sum(own, "bytes")} bytes; with the client ${sum(sizes, "bytes")}, ${sum(sizes, "compressed")} compressed`);
if (sum(own, "bytes") > PAGE_BYTES_MAX) {
  console.error(`the page is larger than ${PAGE_BYTES_MAX} bytes`);
  process.exit(1);
}

/** A style sheet as a text in the module, without its spaces. */
function minifyCss({ onLoad }) {
  onLoad({ filter: /sign-in\.css$/ }, async ({ path }) => {
    const { outputFiles } = await build({ entryPoints: [path], minify: true, write: false, logLevel: "warning" });
    return { contents: outputFiles[0].text, loader: "text" };
  });
}
