// The page's server: files of dist/ and a few documents, with a policy that lets the page ask the nodes and the issuers only.
// Any host of static files could stand in its place: it is believed by nobody.
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".json": "application/json" };

/** The policy of the page. `asks` are the origins of nodes and issuers. */
export const policyOf = (asks) => [
  "default-src 'none'", "script-src 'self'", "style-src 'self'",
  // Wallets bring their pictures along, inside the address.
  "img-src data:",
  `connect-src 'self' ${asks.join(" ")}`, "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
  "require-trusted-types-for 'script'", "trusted-types 'none'",
].join("; ");

/** Serves this machine, on another port where this one is not free. `page` gives documents (path to text) and `asks`; both may change while it runs. */
export async function serve(port, page) {
  const folder = fileURLToPath(new URL("dist/", import.meta.url));
  const files = new Map(readdirSync(folder).filter((name) => TYPES[extname(name)]).map((name) => [`/${name}`, readFileSync(folder + name)]));
  const server = createServer((request, response) => {
    const { documents, asks } = page();
    const answer = (status, type, body) => {
      response.writeHead(status, {
        "content-type": type, "content-security-policy": policyOf(asks), "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin", "permissions-policy": "publickey-credentials-get=(self), publickey-credentials-create=(self)",
        "cache-control": "no-cache",
      });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    // A name of another site that leads here would have our origin's rights.
    if (!/^localhost(:\d+)?$/.test(request.headers.host ?? "")) return answer(421, "text/plain", "the page is at localhost: an address in figures has no passkeys\n");
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "text/plain", "only GET\n");
    if (!URL.canParse(request.url, "http://localhost")) return answer(400, "text/plain", "that is no address\n");
    const { pathname } = new URL(request.url, "http://localhost");
    const path = pathname === "/" ? "/index.html" : pathname;
    const body = Object.hasOwn(documents, path) ? documents[path] : files.get(path);
    return body === undefined ? answer(404, "text/plain", "there is no such file\n") : answer(200, TYPES[extname(path)], body);
  });
  const listen = (on) => new Promise((done, failed) => server.once("error", failed).listen(on, "127.0.0.1", done));
  await listen(port).catch(() => listen(0));
  return { address: `http://localhost:${server.address().port}/`, close: () => { server.closeAllConnections(); server.close(); } };
}
