// Builds dist/: the modules with their types, and all of them as one file for a page. node build.mjs
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** A page loads no more than this, plain and compressed. More than half of it is noble. */
const WHOLE = { bytes: 136_000, compressed: 51_500 };
/** A page that builds from the modules and logs in with wallets only loads no more than this: the rest is left out. */
const WALLETS = { bytes: 117_500, compressed: 44_500 };
const WALLETS_ONLY = 'export { Client, fetchNetwork, guestKey, keyLogin, logIn, openStore, restoreSession, verifyReceipt, walletLogin } from "./dist/esm/index.js";';
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

rmSync(at("dist"), { recursive: true, force: true });
const tsc = spawnSync(process.execPath, [at("node_modules/typescript/bin/tsc"), "--project", at("tsconfig.json")], { stdio: "inherit" });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
const options = { bundle: true, minify: true, format: "esm", target: "es2022", platform: "browser", logLevel: "warning" };
await build({ ...options, entryPoints: [at("src/index.ts")], outfile: at("dist/quorate.js") });
writeFileSync(at("dist/quorate.d.ts"), 'export * from "./esm/index.js";\n');
const wallets = await build({ ...options, stdin: { contents: WALLETS_ONLY, resolveDir: at(".") }, write: false });
check("dist/quorate.js", readFileSync(at("dist/quorate.js")), WHOLE);
check("a page with wallets only", wallets.outputFiles[0].contents, WALLETS);

function check(name, bundle, most) {
  const compressed = gzipSync(bundle, { level: 9 }).length;
  console.log(`${name}: ${bundle.length} bytes, ${compressed} compressed`);
  if (bundle.length <= most.bytes && compressed <= most.compressed) return;
  console.error(`${name} is larger than ${most.bytes} bytes, or ${most.compressed} compressed`);
  process.exit(1);
}
