// A Ceramic node that is killed starts again at once on its folder, and shares it with no second one: node restart.mjs
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from './chirp.mjs';

const folder = mkdtempSync(join(tmpdir(), 'ceramic-')), script = fileURLToPath(new URL('../ceramic/start.mjs', import.meta.url));
const freePort = () => new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => done(port)); });
});
/** A node, and what it has said first: READY, or nothing if it has ended. */
async function start() {
  const child = spawn(process.execPath, [script, String(await freePort()), folder], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.ended = new Promise((done) => child.once('exit', (status) => done(status)));
  child.first = await Promise.race([new Promise((done) => child.stdout.once('data', (bytes) => done(String(bytes)))), child.ended.then(() => '')]);
  return child;
}

try {
  await test('a killed Ceramic node starts again at once', async () => {
    const first = await start();
    assert.match(first.first, /^READY /);
    first.kill('SIGKILL');
    await first.ended;
    const again = await start();
    assert.match(again.first, /^READY /);
    await test('and shares its folder with no second one', async () => {
      const second = await start();
      assert.equal(second.first, '');
      assert.equal(await second.ended, 1);
    });
    // Without the process that started it, it ends.
    again.stdin.end();
    assert.equal(await again.ended, 0);
  });
} finally { rmSync(folder, { recursive: true, force: true }); }
