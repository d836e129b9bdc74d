// node bundle.mjs PACKAGES OUT
//
// Makes the script that the C shim evaluates when the guest is built, of the modules in js/. PACKAGES is
// the folder where `npm ci` installed what package-lock.json names.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';

const [packages, out] = process.argv.slice(2);
const { build } = createRequire(join(packages, 'package.json'))('esbuild');
const here = fileURLToPath(new URL('.', import.meta.url));

const common = {
  absWorkingDir: here,
  bundle: true,
  charset: 'utf8',
  format: 'iife',
  legalComments: 'none',
  logLevel: 'warning',
  platform: 'neutral',
  target: 'es2023',
  treeShaking: true,
  write: false,
};

// A function of the shim's primitives, so that they never become reachable from an action.
async function sdk() {
  const result = await build({
    ...common,
    entryPoints: ['js/index.js'],
    globalName: 'quorateSdk',
    banner: { js: '(function (quorateNative) { "use strict";' },
    footer: { js: 'return quorateSdk.default; })' },
  });
  return result.outputFiles[0].contents;
}

writeFileSync(join(out, 'sdk.js'), await sdk());
