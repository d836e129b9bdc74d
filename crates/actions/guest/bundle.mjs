// node bundle.mjs PACKAGES OUT
//
// Makes the two scripts that the C shim evaluates when the guest is built: sdk.js of the modules in js/,
// and ethers.js of the pinned library with the parts in ethers/ in place of its own. PACKAGES is the folder
// where `npm ci` installed what package-lock.json names.

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';

const [packages, out] = process.argv.slice(2);
const { build } = createRequire(join(packages, 'package.json'))('esbuild');
const here = fileURLToPath(new URL('.', import.meta.url));
const modules = realpathSync(join(packages, 'node_modules'));

// Parts of ethers that compute natively here: the file that is replaced, the SHA-256 of the text that our
// part was written against, and our part. Any other text stops the build.
const REPLACED = [
  ['@ethersproject/keccak256/lib.esm/index.js', '86bfed0a68fa4aa26554fa4651ddffe2a6940c5bd311baf849399bab8cf31746', 'keccak256.js'],
  ['@ethersproject/sha2/lib.esm/sha2.js', '362f093d54b98ad553956782ac1dff84a9deeed405256bf7125623fbbf914c36', 'sha2.js'],
  ['@ethersproject/pbkdf2/lib.esm/pbkdf2.js', '0cb489b30e85701cd6a30cdf802e009a7f2dec9ee587db7d6cff3b80087c99ce', 'pbkdf2.js'],
  ['@ethersproject/signing-key/lib.esm/index.js', '99c878cafd25a662cd64f2c5a081332a243425f9ae886462edb4ce4eac15a8d9', 'signing-key.js'],
  ['scrypt-js/scrypt.js', '544292934136527d60acc9e337d8c7b953f412e81314aa551a12d4230afd449d', 'scrypt.js'],
];
// What must not be in the bundle once those are replaced: it would be dead weight in every instance.
const ABSENT = ['elliptic', 'hash.js', 'js-sha3'];

const common = {
  absWorkingDir: here,
  bundle: true,
  charset: 'utf8',
  format: 'iife',
  legalComments: 'none',
  logLevel: 'warning',
  target: 'es2023',
  treeShaking: true,
  write: false,
};

// A function of the shim's primitives, so that they never become reachable from an action.
async function sdk() {
  const result = await build({
    ...common,
    platform: 'neutral',
    entryPoints: ['js/index.js'],
    globalName: 'quorateSdk',
    banner: { js: '(function (quorateNative) { "use strict";' },
    footer: { js: 'return quorateSdk.default; })' },
  });
  return result.outputFiles[0].contents;
}

// A function of the guest's `compute`. Nothing of it is strict by force: its packages decide for themselves.
async function ethers() {
  const replaced = new Set();
  const replace = {
    name: 'native parts',
    setup(plugins) {
      for (const [file, sha256, part] of REPLACED) {
        const path = join(modules, file);
        const filter = new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`);
        plugins.onLoad({ filter }, () => {
          const found = createHash('sha256').update(readFileSync(path)).digest('hex');
          if (found !== sha256) throw new Error(`${file} is not the text that ethers/${part} replaces: ${found}`);
          replaced.add(file);
          return { contents: readFileSync(join(here, 'ethers', part)), loader: 'js', resolveDir: join(here, 'ethers') };
        });
      }
    },
  };
  const result = await build({
    ...common,
    // The text names its parts by their paths from here: equal wherever the packages and this file lie.
    absWorkingDir: realpathSync(packages),
    platform: 'browser',
    entryPoints: [join(here, 'ethers/index.js')],
    globalName: 'quorateEthers',
    metafile: true,
    minifyWhitespace: true,
    nodePaths: [modules],
    plugins: [replace],
    banner: { js: '(function (quorateNative) {' },
    footer: { js: 'return quorateEthers.default; })' },
  });
  for (const [file] of REPLACED) {
    if (!replaced.has(file)) throw new Error(`ethers no longer uses ${file}`);
  }
  for (const name of ABSENT) {
    const rest = Object.keys(result.metafile.inputs).find((input) => input.includes(`node_modules/${name}/`));
    if (rest) throw new Error(`ethers still carries ${rest}`);
  }
  return result.outputFiles[0].contents;
}

writeFileSync(join(out, 'sdk.js'), await sdk());
writeFileSync(join(out, 'ethers.js'), await ethers());
