// A js-ceramic node of one's own: this machine only, no peers, no anchors. `node start.mjs PORT FOLDER [--anchors]`.
// With --anchors, for tests: whoever asks for an anchor gets one, which this process makes up.
// Prints one line, READY and the address, once streams can be read and written. Ends when standard input ends.
process.env.IPFS_FLAVOR = 'go';
// A package asks for what Node.js has from version 22 on.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((yes, no) => { resolve = yes; reject = no; });
  return { promise, resolve, reject };
};

// Standard output has the one line; what the packages have to say goes to standard error.
for (const name of ['log', 'info', 'debug', 'warn']) console[name] = console.error;

import { createServer } from 'node:http';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const port = Number(process.argv[2]), folder = resolve(process.argv[3] ?? '');
if (!Number.isInteger(port) || port < 1024 || port > 65535 || !process.argv[3]) {
  console.error('usage: node start.mjs PORT FOLDER [--anchors]');
  process.exit(2);
}
const anchors = process.argv.includes('--anchors');
const end = (status) => process.exit(status);
process.stdin.on('end', () => end(0)).on('error', () => end(0)).resume();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => end(0));
mkdirSync(folder, { recursive: true, mode: 0o700 });
// One node at a time has the folder. The packages' own lock outlives a killed node by ten seconds, so it is taken away here.
const holder = join(folder, 'process'), held = existsSync(holder) ? readFileSync(holder, 'utf8').trim() : '';
if (/^\d+$/.test(held) && Number(held) !== process.pid && isNode(held)) {
  console.error(`process ${held} is a Ceramic node with this folder`);
  process.exit(1);
}
writeFileSync(holder, String(process.pid));
rmSync(join(folder, 'ipfs/repo.lock'), { recursive: true, force: true });

/** Whether the process is one of this script: a number is given to other processes again. */
function isNode(id) {
  try { return readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0').some((word) => word.endsWith('start.mjs')); } catch { return false; }
}

// Imports come after the lines above, since the packages look at them while they are loaded.
const [ipfs, common, core, cli, daemons, { DID }, keys, wallets, { StreamID }] = await Promise.all([
  import('ipfs-core'),
  import('@ceramicnetwork/common'),
  import('@ceramicnetwork/core'),
  import('@ceramicnetwork/cli'),
  import('./node_modules/@ceramicnetwork/cli/lib/daemon-config.js'),
  import('dids'),
  import('key-did-resolver'),
  import('pkh-did-resolver'),
  import('@ceramicnetwork/streamid'),
]);
const resolver = (module) => (module.default?.getResolver ?? module.getResolver)();
common.EnvironmentUtils.setIpfsFlavor('go');
const blocks = await ipfs.create({
  repo: join(folder, 'ipfs'),
  offline: true,
  silent: true,
  init: { emptyRepo: true },
  config: { Addresses: { Swarm: [], API: '', Gateway: '', Delegates: [] }, Bootstrap: [], Discovery: { MDNS: { Enabled: false } } },
});
const options = daemons.DaemonConfig.fromObject({
  'http-api': { hostname: '127.0.0.1', port, 'cors-allowed-origins': ['.*'] },
  network: { name: 'inmemory' },
  ipfs: { mode: 'remote', 'disable-peer-data-sync': true },
  'state-store': { mode: 'fs', 'local-directory': join(folder, 'streams') },
  indexing: { db: `sqlite://${join(folder, 'index.sqlite')}`, 'allow-queries-before-historical-sync': true, 'disable-composedb': false, 'enable-historical-sync': false },
  logger: { 'log-level': 0, 'log-to-files': false },
  metrics: {},
  anchor: {},
  node: {},
});
const [modules, parameters] = core.Ceramic._processConfig(blocks, {
  loggerProvider: new common.LoggerProvider({ logLevel: common.LogLevel?.important ?? 2, logToFiles: false }),
  networkName: 'inmemory',
  anchorOnRequest: true,
  anchorLoopMinDurationMs: anchors ? '500' : '60000',
  stateStoreDirectory: join(folder, 'streams'),
  indexing: options.indexing,
  disablePeerDataSync: true,
  streamCacheLimit: 1000,
}, { cliPackageVersion: '6.11.0', gitHash: '', ceramicOneVersion: '' });
const ceramic = new core.Ceramic(modules, parameters);
ceramic.did = new DID({ resolver: { ...resolver(keys), ...resolver(wallets) } });
await ceramic._init(true);

const models = JSON.parse(readFileSync(new URL('models/models.json', import.meta.url)));
for (const { id, genesis } of Object.values(models)) {
  const stream = await ceramic.createStreamFromGenesis(2, common.StreamUtils.deserializeCommit(genesis), { anchor: false, publish: false, pin: true });
  if (stream.id.toString() !== id) throw new Error(`a model has the id ${stream.id}, not ${id}`);
}
// An anchor is an entry on anybody's stream, which the next commit has to follow; so a stranger gets none. Unless told, Ceramic makes one.
if (!anchors) {
  const refused = () => { throw new Error('anchors are not served: the options need anchor: false'); };
  for (const name of ['createStreamFromGenesis', 'applyCommit']) {
    const act = ceramic[name].bind(ceramic);
    ceramic[name] = async (target, given, opts) => opts?.anchor === false ? act(target, given, opts) : refused();
  }
  ceramic.requestAnchor = async () => refused();
}
await ceramic.admin.startIndexingModels(Object.values(models).map(({ id }) => StreamID.fromString(id)));
// Whoever reaches this port is anybody. What only an administrator may do is not served: the daemon refuses it to others, and
// does it all the same.
const SERVED = /^\/api\/v0\/(commits|streams|collection|node)(\/|\?|$)/;
const { app } = new cli.CeramicDaemon(ceramic, options);
const server = createServer((request, response) => {
  if (SERVED.test(request.url)) return app(request, response);
  response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not served"}');
});
server.keepAliveTimeout = 60_000;
await new Promise((done, failed) => server.once('error', failed).listen(port, '127.0.0.1', done));
process.stdout.write(`READY http://127.0.0.1:${port}\n`);
