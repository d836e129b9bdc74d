// node v8.mjs PACKAGES: reads [{name, code}], prints {name: {fresh, warm}} in milliseconds of CPU, and the
// memory that one fresh world takes in MB. A fresh world is a worker thread that has loaded ethers: what
// V8 offers that nothing of another action can be seen in.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import vm from 'node:vm';

const FRESH_ROUNDS = 5;
const WARM_MS = 200;
const packages = process.argv[2];
const scripts = JSON.parse(await text(process.stdin));
const ethersPath = createRequire(join(packages, 'package.json')).resolve('ethers');

const spent = (since) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

const world = `
  const { parentPort, workerData } = require('node:worker_threads');
  globalThis.ethers = require(workerData.ethersPath);
  globalThis.Lit = { Actions: { setResponse: ({ response }) => parentPort.postMessage(response) } };
  (0, eval)(workerData.code);
  if (workerData.wait) setInterval(() => {}, 1000);`;
function start(code, wait = false) {
  const worker = new Worker(world, { eval: true, workerData: { ethersPath, code, wait } });
  const answered = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  return { worker, answered };
}

const out = {};
globalThis.ethers = createRequire(import.meta.url)(ethersPath);
globalThis.Lit = { Actions: { setResponse: () => {} } };
for (const { name, code } of scripts) {
  const fresh = [];
  for (let round = 0; round < FRESH_ROUNDS; round++) {
    const before = process.cpuUsage();
    const { worker, answered } = start(code);
    await answered;
    await worker.terminate();
    fresh.push(spent(before));
  }
  const script = new vm.Script(`{ ${code} }`);
  script.runInThisContext();
  const before = process.cpuUsage();
  let rounds = 0;
  for (const end = performance.now() + WARM_MS; performance.now() < end || rounds < 3; rounds++) script.runInThisContext();
  out[name] = { fresh: median(fresh), warm: spent(before) / rounds };
}

const before = process.memoryUsage.rss();
const held = Array.from({ length: 5 }, () => start(scripts[0].code, true));
await Promise.all(held.map(({ answered }) => answered));
out.memory = (process.memoryUsage.rss() - before) / held.length / 2 ** 20;
await Promise.all(held.map(({ worker }) => worker.terminate()));
console.log(JSON.stringify(out));
