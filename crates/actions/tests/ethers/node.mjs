// node node.mjs PACKAGES SCRIPT: runs a script with the unchanged library, as the guest runs it with its own.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';

const [packages, script] = process.argv.slice(2);
const ethers = createRequire(join(packages, 'package.json'))('ethers');
const run = new Function('ethers', `${readFileSync(script, 'utf8')}\nreturn main();`);
console.log(await run(ethers));
