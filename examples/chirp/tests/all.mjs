// The tests that need a running Chirp, one after the other: node all.mjs ADDRESS, with QUORATE, QUORATE_STATE and PROCESSES in the
// environment, as `cargo xtask chirp --then` calls it.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const address = process.argv[2];
const { ceramic } = await (await fetch(new URL('config.json', address))).json();
const run = (name, ...words) => execFileSync(process.execPath, [fileURLToPath(new URL(name, import.meta.url)), ...words], { stdio: 'inherit' });
run('restart.mjs');
run('golden.mjs', process.env.QUORATE, ceramic);
run('anchors.mjs', process.env.QUORATE);
run('stores.mjs', process.env.QUORATE);
run('refused.mjs', address);
run('crowd.mjs', address);
run('faults.mjs', address);
run('whole.mjs', address);
