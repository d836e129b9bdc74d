// The part of `quorate action build` that runs in Node.js: reads what is to be done as JSON on standard input and prints
// what came of it. Which packages may be used, and where they lie, is decided before.
import { mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, extname, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';

const LOADERS = { '.ts': 'ts', '.mts': 'ts', '.js': 'js', '.mjs': 'js' };
const task = JSON.parse(readFileSync(0, 'utf8'));
const { mode, stage, entry, project, packages, minify } = task;
/** The bundler, out of archives whose hashes have been compared with those of its lock a moment ago. */
const { build } = await unpacked(task.bundler);
/** The file that is made up to call the source's `main`. */
const MADE_UP = 'entry.js';
/** Marks a lookup that is ours. */
const OURS = Symbol('ours');
const imports = [];
/** Modules that packages take for granted, made of the globals that are there. A package of that name in the lock comes first. */
const GLOBALS = {
  buffer: '{ Buffer, SlowBuffer: Buffer, kMaxLength: 0x7fffffff, INSPECT_MAX_BYTES: 50, atob, btoa, Blob }',
  process: 'process',
  timers: '{ setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate }',
  url: '{ URL, URLSearchParams }',
  perf_hooks: '{ performance }',
};
/** Packages that do what a module of Node.js does. One of these, or one of the module's own name, is used if the lock has it. */
const STAND_INS = {
  assert: 'assert',
  crypto: 'crypto-browserify',
  events: 'events',
  http: 'stream-http',
  https: 'https-browserify',
  os: 'os-browserify',
  path: 'path-browserify',
  querystring: 'querystring-es3',
  stream: 'stream-browserify',
  string_decoder: 'string_decoder',
  util: 'util',
  vm: 'vm-browserify',
  zlib: 'browserify-zlib',
};
const bare = (path) => path.replace(/^node:/, '').replace(/\/$/, '');
/** Where these lie, and what a package has switched off for browsers: neither has a file. */
const GLOBAL = 'global';
const fileless = (key) => key.startsWith(`${GLOBAL}:`) || key.startsWith('(disabled):');
/** The global module that a text names: `buffer`, `node:buffer`, or `buffer/` as browsers' packages write it. */
function globalOf(path) {
  const name = bare(path);
  return Object.hasOwn(GLOBALS, name) ? { path: name, namespace: GLOBAL } : undefined;
}

/** The text of one file of an archive as npm has them. */
function fileOf(archive, name) {
  const bytes = gunzipSync(readFileSync(archive));
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    const text = (from, length) => bytes.toString('latin1', at + from, at + from + length).split('\0')[0];
    const size = parseInt(text(124, 12), 8);
    const whole = text(345, 155) ? `${text(345, 155)}/${text(0, 100)}` : text(0, 100);
    if (whole === name && '0' === (text(156, 1) || '0')) return bytes.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`${archive} has no ${name}`);
}

/** Puts the files of archives where they run from, unless they are there to the byte, and loads the first. */
async function unpacked({ folder, parts }) {
  const paths = parts.map(({ archive, file, to, executable }) => {
    const path = resolve(folder, to);
    const bytes = fileOf(archive, file);
    let there;
    try { there = readFileSync(path); } catch { there = undefined; }
    if (there && bytes.equals(there)) return path;
    mkdirSync(dirname(path), { recursive: true });
    const fresh = `${path}.new-${process.pid}`;
    writeFileSync(fresh, bytes, { mode: executable ? 0o700 : 0o600 });
    renameSync(fresh, path);
    return path;
  });
  process.env.ESBUILD_BINARY_PATH = paths[1];
  return (await import(pathToFileURL(paths[0]))).default;
}

const within = (folder, file) => file !== '' && !relative(folder, file).startsWith('..' + sep);

/** Whether a file is one of a folder, also when links have been followed. */
function inside(folder, file) {
  if (!within(folder, file)) return false;
  let real;
  try { real = realpathSync(file); } catch { return true; /* What is not there has no bytes. */ }
  return within(realpathSync(folder), real);
}

const modulesOf = (folder) => resolve(folder, 'node_modules') + sep;

/** The place of the locked package that a file is of, as the lock names it. */
function packageOf(path) {
  if (!packages || !path.startsWith(modulesOf(packages))) return undefined;
  const parts = relative(packages, path).split(sep);
  const last = parts.lastIndexOf('node_modules');
  return parts.slice(0, last + (parts[last + 1].startsWith('@') ? 3 : 2)).join('/');
}

/** Splits `npm:@scope/name@1.2.3/sub/path`, the same without `npm:`, or `@scope/name/sub/path`. */
function parse(text) {
  const prefixed = text.startsWith('npm:');
  const form = /^((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)(?:@([^/]*))?(\/.*)?$/;
  const parts = form.exec(prefixed ? text.slice(4) : text);
  if (!parts) return undefined;
  return { name: parts[1], version: parts[2] ?? null, path: parts[3] ?? '', pinned: prefixed || parts[2] !== undefined };
}

const plugin = {
  name: 'pinned packages only',
  setup(bundler) {
    bundler.onResolve({ filter: /.*/ }, async (args) => {
      const { path, importer, kind, pluginData } = args;
      if (kind === 'entry-point' || pluginData === OURS) return undefined;
      if (/^(https?:)?\/\//.test(path)) return { errors: [{ text: `${path} is an address; import a package of npm by name and version` }] };
      if (/^\.{0,2}\//.test(path) || path === '.' || path === '..' || path.startsWith('data:')) return undefined;
      const global = globalOf(path);
      if (packages && importer.startsWith(modulesOf(packages))) {
        const standIn = Object.hasOwn(STAND_INS, bare(path)) ? STAND_INS[bare(path)] : undefined;
        if (!global && !standIn) return undefined;
        const found = await bundler.resolve(path, { kind, importer, resolveDir: args.resolveDir, pluginData: OURS });
        // What a package finds by itself, or has switched off, is its own; but there is one kind of `Buffer`: two would not know each other.
        const second = global?.path === 'buffer' && packageOf(found.path)?.endsWith('node_modules/buffer');
        if (found.errors.length === 0 && !second) return undefined;
        if (global) return global;
        const other = await bundler.resolve(standIn + '/', { kind, resolveDir: packages, pluginData: OURS });
        // Without one it is the bundler that refuses: a package may have caught it.
        return packageOf(other.path) === `node_modules/${standIn}` ? other : undefined;
      }
      if (global) return global;
      if (path.startsWith('node:') || builtinModules.includes(path)) {
        const other = Object.hasOwn(STAND_INS, bare(path)) ? `. Import "npm:${STAND_INS[bare(path)]}@1.2.3" in its place, in a version that there is` : '';
        return { errors: [{ text: `${path} is part of Node.js; actions have the web's functions only${other}` }] };
      }
      const wanted = parse(path);
      if (!wanted) return { errors: [{ text: `${path} is not the name of a package; a version is written as in name@1.2.3` }] };
      if (mode === 'scan') {
        imports.push({ ...wanted, file: relative(project, importer) });
        return { path, external: true };
      }
      if (wanted.name === 'buffer' && wanted.path === '') return globalOf('buffer');
      const found = await bundler.resolve(wanted.name + wanted.path, { kind, resolveDir: packages, pluginData: OURS });
      if (found.errors.length > 0) return { errors: found.errors };
      // What a package calls its entry is its own word.
      if (packageOf(found.path) !== `node_modules/${wanted.name}`) {
        return { errors: [{ text: `${wanted.name} names ${found.path}, which is not a file of its own` }] };
      }
      return found;
    });
    bundler.onLoad({ filter: /.*/, namespace: GLOBAL }, ({ path }) => ({ contents: `module.exports = ${GLOBALS[path]};`, loader: 'js' }));
    // A script declares `main` without exporting it; what a bundle does not export or use is dropped.
    bundler.onLoad({ filter: /.*/ }, ({ path }) => {
      if (task.kind !== 'declared' || path !== entry) return undefined;
      const contents = readFileSync(entry, 'utf8') + '\nexport { main };\n';
      return { contents, loader: LOADERS[extname(entry)], resolveDir: dirname(entry) };
    });
  },
};

const common = {
  absWorkingDir: stage,
  bundle: true,
  charset: 'utf8',
  // An action is as secure as a page that came over https: packages for browsers ask before they use WebCrypto.
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis', isSecureContext: 'true', 'globalThis.isSecureContext': 'true' },
  legalComments: 'none',
  logLevel: 'silent',
  mainFields: ['browser', 'module', 'main'],
  metafile: true,
  platform: 'browser',
  plugins: [plugin],
  // Paths are those of the stage, so that a bundle says the same wherever its sources and packages lie.
  preserveSymlinks: true,
  target: 'es2022',
  write: false,
};

/** Looks which packages the source imports, and how it gives its `main`. */
async function scan() {
  const once = (kind) => {
    task.kind = kind;
    imports.length = 0;
    return build({ ...common, entryPoints: [entry], format: 'esm' });
  };
  const exportsOf = ({ metafile }) => Object.values(metafile.outputs)[0].exports;
  const exports = exportsOf(await once('module'));
  if (exports.includes('main')) return { imports, kind: 'exported' };
  if (exports.includes('default')) return { imports, kind: 'default' };
  try {
    // TypeScript takes an export of what is not there for one of a type.
    if (exportsOf(await once('declared')).includes('main')) return { imports, kind: 'declared' };
  } catch (error) {
    if (!error.errors?.every(({ text }) => text.includes('"main" is not declared'))) throw error;
  }
  await once('script');
  return { imports, kind: 'script' };
}

/** A package has its own files, and other packages by their names: nothing of the project, and nothing of the machine. */
function stayInside(own, key, imports, pathOf) {
  if (!own) return;
  for (const { path, original, external } of imports) {
    if (external || fileless(path) || original?.startsWith('data:')) continue;
    const target = packageOf(pathOf(path));
    const byPath = original === undefined || /^[./]/.test(original);
    if (target === undefined || (byPath && target !== own)) {
      throw new Error(`${key}: the package ${own.split('node_modules/').pop()} imports ${original ?? path}, which is outside of its folder`);
    }
  }
}

/** One script that leaves `main` where the nodes look for it. */
async function bundle() {
  const file = JSON.stringify('./' + relative(project, entry).split(sep).join('/'));
  const name = task.kind === 'default' ? 'default as main' : 'main';
  const contents = `import { ${name} } from ${file};\nglobalThis.main = main;\n`;
  const start =
    task.kind === 'script'
      ? { entryPoints: [entry] }
      : { stdin: { contents, resolveDir: project, sourcefile: MADE_UP, loader: 'js' } };
  const { outputFiles, metafile, warnings } = await build({ ...common, ...start, format: 'iife', minify });
  const used = new Set();
  const kept = Object.values(metafile.outputs)[0].inputs;
  const pathOf = (key) => resolve(stage, key);
  for (const [key, input] of Object.entries(metafile.inputs)) stayInside(packageOf(pathOf(key)), key, input.imports, pathOf);
  for (const input of Object.keys(metafile.inputs)) {
    if (input === MADE_UP || fileless(input)) continue;
    const path = pathOf(input);
    const locked = packageOf(path);
    if (locked) {
      if (!inside(packages, path)) throw new Error(`${input} leads out of the packages`);
      if (kept[input]?.bytesInOutput > 0) used.add(locked);
    } else if (path.split(sep).includes('node_modules')) {
      throw new Error(`${shown(input)} is not one of the locked packages`);
    } else if (!inside(project, path)) {
      throw new Error(`${shown(input)} lies outside of the project`);
    }
  }
  return { code: outputFiles[0].text, packages: [...used].sort(), warnings: warnings.map(text) };
}

const shown = (path) => path.replace(/^project\//, '');
/** What can be done about a module of Node.js that a package asks for. */
function advice(text) {
  const name = bare(/^Could not resolve "(.*)"$/.exec(text)?.[1] ?? '');
  if (!builtinModules.includes(name)) return text;
  const missing = `${text}: it is part of Node.js; actions have the web's functions only`;
  return Object.hasOwn(STAND_INS, name) ? `${missing}. If the source imports "npm:${STAND_INS[name]}@1.2.3", in a version that there is, packages use that` : missing;
}
const text = ({ text, location }) =>
  location ? `${shown(location.file)}:${location.line}:${location.column + 1}: ${advice(text)}` : text;

try {
  console.log(JSON.stringify(await (mode === 'scan' ? scan() : bundle())));
} catch (error) {
  console.log(JSON.stringify({ errors: error.errors?.map(text) ?? [String(error.message ?? error)] }));
}
