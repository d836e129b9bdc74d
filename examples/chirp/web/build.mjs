// Builds dist/ from site/: the same page, its modules in one file. The client stays a file of its own, as its build made it.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const CLIENT = "/sdk/quorate.js";
const DEPENDENCY = '<link rel="modulepreload" href="';

rmSync(at("dist"), { recursive: true, force: true });
mkdirSync(at("dist"));
await build({
  entryPoints: [at("site/main.js"), at("site/chirp.css")], outdir: at("dist"), bundle: true, minify: true, format: "esm", target: ["es2022", "chrome116", "firefox121", "safari16.5"],
  external: [CLIENT], legalComments: "none", logLevel: "warning",
});
const lines = readFileSync(at("site/index.html"), "utf8").split("\n").filter((line) => !line.startsWith(DEPENDENCY));
const head = lines.findIndex((line) => line.startsWith('<script type="module"'));
lines.splice(head, 0, `${DEPENDENCY}${CLIENT}">`);
writeFileSync(at("dist/index.html"), lines.join("\n"));
cpSync(at("site/icon.svg"), at("dist/icon.svg"));
