// Serves the page for tests as `cargo xtask chirp` serves it: the same headers, and nothing but what is asked for.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const TYPES = { html: "text/html; charset=utf-8", css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8", svg: "image/svg+xml", json: "application/json" };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A server on a free port. `moved` maps addresses to files beside this one; the rest is of `site/`. */
export async function serve(moved = {}) {
  const server = createServer(async (request, answer) => {
    const { pathname } = new URL(request.url, "http://localhost"), path = pathname === "/" ? "/index.html" : pathname;
    try {
      if (path.includes("..")) throw new Error("no such file");
      const file = await readFile(fileURLToPath(new URL(moved[path] ?? (path.startsWith("/test/") ? `..${path}` : path.startsWith("/site/") ? `..${path}` : `../site${path}`), import.meta.url)));
      answer.writeHead(200, { "content-type": TYPES[path.split(".").at(-1)] ?? "text/plain", "content-security-policy": POLICY, "x-content-type-options": "nosniff", "cache-control": "no-store" });
      answer.end(file);
    } catch {
      answer.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://localhost:${server.address().port}`, close: () => server.close() };
}
