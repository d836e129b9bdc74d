// Runs the page on this machine: a network, an issuer, a key, and the page. What `cargo xtask sign-in` does after it has built all.
// node run.mjs --quorate PROGRAM --state FOLDER [--port PORT] [-- COMMAND…]
// With a command, runs it with the page's address behind its words, and ends as it ends.
import { execFile, spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { serve } from "./serve.mjs";

const APPLICATION = "Quorate";
const here = fileURLToPath(new URL(".", import.meta.url));
const say = (line) => console.error(line);
const children = new Set();
let ending = false;

const split = process.argv.indexOf("--", 2);
const command = split < 0 ? [] : process.argv.slice(split + 1);
const { values: given } = parseArgs({
  args: process.argv.slice(2, split < 0 ? undefined : split),
  options: { quorate: { type: "string" }, state: { type: "string" }, port: { type: "string" } },
});

/** A program that ends when this one does: it follows its standard input. */
function start(name, program, words) {
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
  const log = join(given.state, `${name}.log`);
  children.add(child);
  child.ended = new Promise((done) => child.once("exit", (status, signal) => done(signal ?? status)).once("error", done)).finally(() => children.delete(child));
  child.stdin.on("error", () => undefined);
  child.stderr.pipe(createWriteStream(log, { flags: "a" }));
  child.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.next = async () => {
    const { value, done } = await child.lines.next();
    const said = done ? {} : JSON.parse(value);
    if (said.error) throw new Error(`${name} does not start: ${said.error.detail}`);
    if (!done) return said;
    throw new Error(`${name} has ended (${await child.ended}); its log is ${log}`);
  };
  child.ended.then((how) => end(1, `${name} has ended (${how}); its log is ${log}`));
  return child;
}

async function end(status, words) {
  if (ending) return;
  ending = true;
  if (words) say(words);
  for (const child of children) child.stdin.end();
  const late = setTimeout(() => { for (const child of children) child.kill("SIGKILL"); }, 10_000);
  await Promise.all([...children].map((child) => child.ended));
  clearTimeout(late);
  process.exit(status);
}

async function quorate(...words) {
  const { stdout } = await promisify(execFile)(given.quorate, ["--json", ...words, "--dir", join(given.state, "network")]);
  return JSON.parse(stdout);
}

/** The ports of an earlier start in the same folder: browsers keep sessions by the page's, and people are known by the issuer's. */
function portsOf() {
  const file = join(given.state, "ports.json");
  const { page = 0, issuer = 0 } = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  return { page: given.port === undefined ? page : Number(given.port), issuer, keep: (ports) => writeFileSync(file, JSON.stringify(ports)) };
}

/** The key of an earlier start in the same folder, or a new one. Nobody may use it yet: its owner grants it. */
async function keyOf() {
  const file = join(given.state, "key.json");
  if (!existsSync(file)) {
    const { public_key, address } = await quorate("pkp", "mint");
    writeFileSync(file, JSON.stringify({ public_key, address }));
  }
  return JSON.parse(readFileSync(file, "utf8"));
}

async function run() {
  if (!given.quorate || !given.state) throw new Error("usage: node run.mjs --quorate PROGRAM --state FOLDER [--port PORT] [-- COMMAND…]");
  [given.quorate, given.state] = [resolve(given.quorate), resolve(given.state)];
  mkdirSync(given.state, { recursive: true, mode: 0o700 });
  // The issuer sends people back to the page, whose address comes first; the page asks nobody before the rest is there.
  let page = { documents: {}, asks: [] };
  const ports = portsOf();
  const { address } = await serve(ports.page, () => page);
  const issuer = start("the issuer", process.execPath, [join(here, "issuer/start.mjs"), String(ports.issuer), address]);
  const { url, clients } = await issuer.next();
  ports.keep({ page: Number(new URL(address).port), issuer: Number(new URL(url).port) });
  const rules = join(given.state, "issuers.json");
  writeFileSync(rules, JSON.stringify([{ name: "Test issuer", issuer: url, aliases: [], algorithms: Object.keys(clients) }]));
  const network = start("the network", given.quorate, [
    "--json", "dev", "--follow-stdin", "--dir", join(given.state, "network"), "--issuers", rules, "--http-port", "0", "--quic-port", "0", "--chain-port", "0",
    // Passkeys that come back after signing out everywhere show a block that was made later.
    "--block-time", "2",
  ]);
  const ready = await network.next();
  const file = readFileSync(ready.network_file);
  const issuers = Object.entries(clients).map(([algorithm, clientId]) => ({ name: `Test issuer ${algorithm}`, issuer: url, clientId }));
  const config = { application: APPLICATION, network: "/network.json", networkId: ready.network, issuers, key: await keyOf(), state: join(given.state, "network") };
  page = { documents: { "/config.json": JSON.stringify(config), "/network.json": file }, asks: [...ready.nodes.map(({ http }) => http), url] };
  if (command.length === 0) {
    say("Any name and any password will do at the issuer. Ctrl-C ends everything.");
    console.log(address);
    return;
  }
  const env = { ...process.env, QUORATE: given.quorate, QUORATE_STATE: join(given.state, "network"), READY: JSON.stringify({ ...ready, config }) };
  const [program, ...words] = command;
  const child = spawn(program, [...words, address], { stdio: ["ignore", "inherit", "inherit", "ipc"], env });
  // A test has the issuer's keys taken away and waits until that is done.
  child.on("message", async (message) => {
    if (message !== "rotate") return;
    issuer.stdin.write("rotate\n");
    child.send(await issuer.next());
  });
  child.once("exit", (status) => end(status ?? 1)).once("error", (error) => end(1, error.message));
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => end(0, "stopping"));
run().catch((error) => end(1, `sign-in: ${error.message}`));
