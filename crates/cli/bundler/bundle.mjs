// The part of `quorate action build` that runs in Node.js: reads what is to be done as JSON on standard input and prints
// what came of it. Which packages may be used, and where they lie, is decided before.
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, extname, relative, resolve, sep } from 'node:path';
import { build } from 'esbuild';

const LOADERS = { '.ts': 'ts', '.mts': 'ts', '.js': 'js', '.mjs': 'js' };
const task = JSON.parse(readFileSync(0, 'utf8'));
const { mode, entry, project, packages, minify } = task;
/** Marks a lookup that is ours. */
const OURS = Symbol('ours');
const imports = [];

const inside = (folder, file) => file !== '' && !relative(folder, file).startsWith('..' + sep);
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
      if (packages && importer.startsWith(modulesOf(packages))) return undefined;
      if (path.startsWith('node:') || builtinModules.includes(path)) {
        return { errors: [{ text: `${path} is part of Node.js; actions have the web's functions only` }] };
      }
      const wanted = parse(path);
      if (!wanted) return { errors: [{ text: `${path} is not the name of a package; a version is written as in name@1.2.3` }] };
      if (mode === 'scan') {
        imports.push({ ...wanted, file: relative(project, importer) });
        return { path, external: true };
      }
      const found = await bundler.resolve(wanted.name + wanted.path, { kind, resolveDir: packages, pluginData: OURS });
      if (found.errors.length > 0) return { errors: found.errors };
      // What a package calls its entry is its own word.
      if (packageOf(found.path) !== `node_modules/${wanted.name}`) {
        return { errors: [{ text: `${wanted.name} names ${found.path}, which is not a file of its own` }] };
      }
      return found;
    });
    // A script declares `main` without exporting it; what a bundle does not export or use is dropped.
    bundler.onLoad({ filter: /.*/ }, ({ path }) => {
      if (task.kind !== 'declared' || path !== entry) return undefined;
      const contents = readFileSync(entry, 'utf8') + '\nexport { main };\n';
      return { contents, loader: LOADERS[extname(entry)], resolveDir: dirname(entry) };
    });
  },
};

const common = {
  absWorkingDir: project,
  bundle: true,
  charset: 'utf8',
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  legalComments: 'none',
  logLevel: 'silent',
  mainFields: ['browser', 'module', 'main'],
  metafile: true,
  platform: 'browser',
  plugins: [plugin],
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
function stayInside(own, key, imports, fileOf) {
  if (!own) return;
  for (const { path, original, external } of imports) {
    if (external || original?.startsWith('data:')) continue;
    const target = packageOf(fileOf(path));
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
      : { stdin: { contents, resolveDir: project, sourcefile: 'entry.js', loader: 'js' } };
  const { outputFiles, metafile, warnings } = await build({ ...common, ...start, format: 'iife', minify });
  const used = new Set();
  const kept = Object.values(metafile.outputs)[0].inputs;
  const fileOf = (key) => resolve(project, key.replace(/^\(disabled\):/, ''));
  for (const [key, input] of Object.entries(metafile.inputs)) stayInside(packageOf(fileOf(key)), key, input.imports, fileOf);
  for (const input of Object.keys(metafile.inputs).map((key) => key.replace(/^\(disabled\):/, ''))) {
    const path = resolve(project, input);
    const locked = packageOf(path);
    if (locked) {
      if (kept[input]?.bytesInOutput > 0) used.add(locked);
    } else if (path.split(sep).includes('node_modules')) {
      throw new Error(`${input} is not one of the locked packages`);
    } else if (!inside(project, path)) {
      throw new Error(`${input} lies outside of the project`);
    }
  }
  return { code: outputFiles[0].text, packages: [...used].sort(), warnings: warnings.map(text) };
}

const text = ({ text, location }) =>
  location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text;

try {
  console.log(JSON.stringify(await (mode === 'scan' ? scan() : bundle())));
} catch (error) {
  console.log(JSON.stringify({ errors: error.errors?.map(text) ?? [String(error.message ?? error)] }));
}
