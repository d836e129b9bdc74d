// An issuer of OpenID Connect on this machine, for development and tests: the npm package oidc-provider with its own pages.
// node start.mjs PORT REDIRECT_URI…    Takes another port where this one is not free. Prints a line of JSON when it is ready; ends when its standard input does.
// A line `rotate` on standard input takes all keys away and makes new ones.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

/** Each algorithm of tokens with a client whose tokens have it. */
const ALGORITHMS = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => generateKeyPairSync("ed25519"),
};
/** What nodes take from one page at once is a small number of keys: three stand there at any time. */
const names = Object.keys(ALGORITHMS);

const [port = "0", ...redirects] = process.argv.slice(2);
const server = createServer((request, response) => handle(request, response));
const listen = (on) => new Promise((done, failed) => server.once("error", failed).listen(on, "127.0.0.1", done));
await listen(Number(port)).catch(() => listen(0));
// Ctrl-C is for whoever started this, and ends it in order.
process.on("SIGINT", () => undefined);
const url = `http://localhost:${server.address().port}`;
const cookies = [randomBytes(32).toString("hex")];
let handle = issuer();
console.log(JSON.stringify({ ready: true, url, clients: Object.fromEntries(names.map((name) => [name, clientOf(name)])) }));

createInterface({ input: process.stdin })
  .on("line", (line) => {
    if (line !== "rotate") return;
    handle = issuer();
    console.log(JSON.stringify({ rotated: true }));
  })
  .on("close", () => process.exit(0));

function clientOf(name) {
  return `sign-in-${name.toLowerCase()}`;
}

/** The same issuer with fresh keys. Sessions and codes are kept by the package, beside the keys. */
function issuer() {
  const keys = Object.entries(ALGORITHMS).map(([alg, make]) => ({
    ...make().privateKey.export({ format: "jwk" }), alg, use: "sig", kid: `${alg}-${randomBytes(4).toString("hex")}`,
  }));
  const provider = new Provider(url, {
    clients: names.map((name) => ({
      client_id: clientOf(name), application_type: "web", token_endpoint_auth_method: "none", grant_types: ["authorization_code"],
      response_types: ["code"], redirect_uris: redirects, id_token_signed_response_alg: name,
    })),
    jwks: { keys },
    cookies: { keys: cookies },
    enabledJWA: { idTokenSigningAlgValues: names },
    pkce: { required: () => true },
    // The page asks for the token itself.
    clientBasedCORS: () => true,
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 86_400, IdToken: 600, Interaction: 600, Session: 86_400 },
  });
  return provider.callback();
}
