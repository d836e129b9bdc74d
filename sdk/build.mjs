// Builds dist/: the modules with their types, and all of them as one file for a page. node build.mjs
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** A page loads no more than this, plain and compressed. More than half of it is noble. */
const BUNDLE_BYTES_MAX = 106_000;
const COMPRESSED_BYTES_MAX = 40_000;
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

rmSync(at("dist"), { recursive: true, force: true });
const tsc = spawnSync(process.execPath, [at("node_modules/typescript/bin/tsc"), "--project", at("tsconfig.json")], { stdio: "inherit" });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
await build({
  entryPoints: [at("src/index.ts")], outfile: at("dist/quorate.js"), bundle: true, minify: true, format: "esm",
  target: "es2022", platform: "browser", logLevel: "warning",
});
writeFileSync(at("dist/quorate.d.ts"), 'export * from "./esm/index.js";\n');
const bundle = readFileSync(at("dist/quorate.js"));
const compressed = gzipSync(bundle, { level: 9 }).length;
console.log(`dist/quorate.js: ${bundle.length} bytes, ${compressed} compressed`);
if (bundle.length > BUNDLE_BYTES_MAX || compressed > COMPRESSED_BYTES_MAX) {
  console.error(`the bundle is larger than ${BUNDLE_BYTES_MAX} bytes, or ${COMPRESSED_BYTES_MAX} compressed`);
  process.exit(1);
}
