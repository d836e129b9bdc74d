// Runs Chirp on this machine: Ceramic, a network, the key, and the page. What `cargo xtask chirp` does after it has built all.
// node run.mjs --quorate PROGRAM --state FOLDER [--port PORT] [--any-ports] [-- COMMAND…]
// With a command, runs it with the page's address behind its words, and ends as it ends.
import { spawn, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serve } from './serve.mjs';

/** Where the actions look for Ceramic: part of their source, and so the same for everybody. */
const CERAMIC_PORT = 7707, PAGE_PORT = 7700, LAST_WORDS = 3;
const ACTIONS = ['createProfile', 'createPost', 'likePost', 'unlikePost'];
const here = fileURLToPath(new URL('.', import.meta.url));

function options(words) {
  const command = words.includes('--') ? words.splice(words.indexOf('--')).slice(1) : [];
  const value = (name) => words.includes(name) ? words[words.indexOf(name) + 1] : undefined;
  const [quorate, state] = [value('--quorate'), value('--state')];
  if (!quorate || !state) throw new Error('usage: node run.mjs --quorate PROGRAM --state FOLDER [--port PORT] [--any-ports] [-- COMMAND…]');
  const any = words.includes('--any-ports');
  return { quorate: resolve(quorate), state: resolve(state), port: Number(value('--port') ?? (any ? 0 : PAGE_PORT)), any, command };
}

const given = options(process.argv.slice(2));
const say = (line) => console.error(line);
const children = new Set();
let ending = false;

/** Starts a program that ends when this one does, since it follows its standard input; gives what it prints, line by line. */
function start(program, words, log) {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  children.add(child);
  child.ended = new Promise((done) => child.once('exit', (status, signal) => { children.delete(child); done(signal ?? status); }).once('error', done));
  child.stdin.on('error', () => {});
  child.stderr.pipe(createWriteStream(log, { flags: 'a' }));
  child.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return child;
}

async function firstLine(child, name, log) {
  const { value, done } = await child.lines.next();
  if (!done) return value;
  const words = readFileSync(log, 'utf8').trim().split('\n').slice(-LAST_WORDS).join('\n');
  throw new Error(`${name} did not start (${await child.ended}); the end of ${log}:\n${words}`);
}

const taken = (port) => new Promise((done) => {
  const socket = createConnection({ host: '127.0.0.1', port }, () => { socket.destroy(); done(true); }).once('error', () => done(false));
});

/** Ceramic, started again whenever it ends by itself. */
async function ceramic() {
  if (await taken(CERAMIC_PORT)) throw new Error(`port ${CERAMIC_PORT} is taken: the actions look for Ceramic there, and nowhere else`);
  const log = join(given.state, 'ceramic.log');
  const once = async () => {
    const child = start(process.execPath, [join(here, 'ceramic/start.mjs'), String(CERAMIC_PORT), join(given.state, 'ceramic')], log);
    child.ended.then(async (how) => {
      if (ending || !child.ready) return;
      say(`Ceramic ended by itself (${how}) and is started again`);
      for (let wait = 500; !ending; wait = Math.min(2 * wait, 10_000)) {
        await new Promise((done) => setTimeout(done, wait));
        try { await once(); return say('Ceramic runs again'); } catch (error) { say(error.message); }
      }
    });
    await firstLine(child, 'Ceramic', log);
    child.ready = true;
    return child;
  };
  return once();
}

async function network() {
  const log = join(given.state, 'network.log'), ports = given.any ? ['--http-port', '0', '--quic-port', '0', '--chain-port', '0'] : [];
  const words = ['--json', 'dev', '--follow-stdin', '--dir', join(given.state, 'network'), '--allow-loopback-port', String(CERAMIC_PORT), ...ports];
  const child = start(given.quorate, words, log);
  const line = await firstLine(child, 'the network', log);
  const ready = JSON.parse(line);
  if (!ready.ready) throw new Error(`the network did not start: ${line}`);
  child.ended.then((how) => { if (!ending) end(1, `the network ended (${how}); its log is ${log}`); });
  return ready;
}

async function quorate(...words) {
  const { stdout } = await promisify(execFile)(given.quorate, ['--json', ...words, '--dir', join(given.state, 'network')], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout);
}

function didOf(compressed) {
  const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  let text = '';
  for (let rest = BigInt(`0xe701${compressed.slice(2)}`); rest > 0n; rest /= 58n) text = digits[Number(rest % 58n)] + text;
  return `did:key:z${text}`;
}

/** The key: minted, granted to the four actions and burnt, all in one transaction; the next start goes on with it. */
async function key() {
  const file = join(given.state, 'chirp.json'), files = ACTIONS.map((name) => join(here, 'actions', `${name}.dist.js`));
  const sources = createHash('sha256').update(files.map((path) => readFileSync(path, 'utf8')).join('\0')).digest('hex');
  const old = existsSync(file) ? JSON.parse(readFileSync(file)) : undefined;
  if (old?.sources === sources) return old;
  if (old) say('The actions have changed: no one can grant them the old key, so there is a new one. The old posts stay under the old key.');
  const minted = await quorate('pkp', 'mint', ...files.flatMap((path) => ['--grant', `${path}=sign-anything`]), '--burn');
  const compressed = minted.public_key, cids = minted.grants.map(({ id }) => id);
  const made = {
    sources, key: { public_key: compressed, compressed, address: minted.address, token_id: minted.token_id, did: didOf(compressed) },
    actions: Object.fromEntries(ACTIONS.map((name, at) => [name, { cid: cids[at], source: `/actions/${name}.js` }])),
  };
  writeFileSync(`${file}.new`, JSON.stringify(made, null, 2));
  renameSync(`${file}.new`, file);
  if (old) appendFileSync(join(given.state, 'old-keys.json'), JSON.stringify(old) + '\n');
  return made;
}

async function page(ready, made) {
  const models = Object.fromEntries(Object.entries(JSON.parse(readFileSync(join(here, 'ceramic/models/models.json')))).map(([name, { id }]) => [name, id]));
  const addresses = { nodes: ready.nodes.map(({ http }) => http), ceramic: `http://127.0.0.1:${CERAMIC_PORT}/api/v0`, chain: ready.chain };
  let served;
  const config = () => JSON.stringify({
    network: '/network.json', ...addresses, login_domain: `localhost:${served.port}`, key: made.key,
    contracts: { pkp_nft: ready.contracts.PKPNFT, pkp_permissions: ready.contracts.PKPPermissions }, models, actions: made.actions,
  });
  const file = (path) => () => ['.js', readFileSync(path)];
  const site = ['web/dist', 'web/site', 'web'].map((folder) => join(here, folder)).find(existsSync);
  const sdk = ['../../sdk/dist', '../../sdk'].map((folder) => join(here, folder)).find(existsSync);
  served = await serve({
    port: given.port,
    documents: {
      '/config.json': () => ['.json', config()],
      '/network.json': () => ['.json', readFileSync(ready.network_file)],
      ...Object.fromEntries(ACTIONS.map((name) => [`/actions/${name}.js`, file(join(here, 'actions', `${name}.dist.js`))])),
    },
    folders: [...(sdk ? [['/sdk/', sdk]] : []), ...(site ? [['/', site]] : [])],
    addresses: () => [...addresses.nodes, new URL(addresses.ceramic).origin, addresses.chain.rpc],
  });
  if (given.port !== 0 && served.port !== given.port) say(`Port ${given.port} is taken; the page is at port ${served.port}, where no earlier session is known.`);
  return `http://localhost:${served.port}/`;
}

async function end(status, words) {
  if (ending) return;
  ending = true;
  if (words) say(words);
  for (const child of children) child.stdin.end();
  const late = setTimeout(() => { for (const child of children) child.kill('SIGKILL'); }, 10_000);
  await Promise.all([...children].map((child) => child.ended));
  clearTimeout(late);
  process.exit(status);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(0, 'stopping'));
try {
  mkdirSync(given.state, { recursive: true, mode: 0o700 });
  say('starting Ceramic and the network');
  const [store, ready] = await Promise.all([ceramic(), network()]);
  say(`Open to actions, and so to any caller of the network: port ${ready.loopback_ports.join(', ')} of this machine, as long as this runs.`);
  const made = await key();
  await quorate('action', 'put', ...ACTIONS.map((name) => join(here, 'actions', `${name}.dist.js`)));
  const address = await page(ready, made);
  if (given.command.length === 0) {
    say(`The key ${made.key.address} can sign for the four actions and for nobody else. State is in ${given.state}; Ctrl-C ends everything.`);
    say(`Actions of any caller may reach port ${CERAMIC_PORT} of this machine, where Ceramic is, for as long as this runs.`);
    console.log(address);
  } else {
    const [program, ...words] = given.command;
    const env = { ...process.env, QUORATE: given.quorate, QUORATE_STATE: join(given.state, 'network'), PROCESSES: JSON.stringify({ ...ready.processes, ceramic: store.pid }) };
    const run = spawn(program, [...words, address], { stdio: 'inherit', env });
    run.once('exit', (status) => end(status ?? 1)).once('error', (error) => end(1, error.message));
  }
} catch (error) { await end(1, `chirp: ${error.message}`); }
