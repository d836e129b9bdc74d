// The page's own server: files, and nothing else. Nodes and Ceramic are asked by the page itself, so this server could be any
// host of static files, and is believed by nobody.
import { createServer } from 'node:http';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
  '.json': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png', '.webmanifest': 'application/manifest+json', '.woff2': 'font/woff2',
};

const policy = (addresses) => [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'", "manifest-src 'self'",
  `connect-src 'self' ${addresses.join(' ')}`, "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join('; ');

/** The file below one of the folders that a path names, if there is one. */
async function fileAt(folders, path) {
  for (const [prefix, folder] of folders) {
    if (!path.startsWith(prefix)) continue;
    const file = resolve(folder, join('.', path.slice(prefix.length) || 'index.html'));
    if (file.startsWith(resolve(folder) + sep) && (await stat(file).catch(() => null))?.isFile()) return file;
  }
  return undefined;
}

/**
 * Serves `documents` (path to text) and then `folders` (pairs of a path's beginning and a folder) on this machine only.
 * Takes the first free port from `port` on; 0 takes any.
 */
export async function serve({ port, documents, folders, addresses }) {
  const headers = {
    'content-security-policy': policy(addresses()), 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin', 'cache-control': 'no-cache',
  };
  const server = createServer(async (request, response) => {
    const answer = (status, type, body) => {
      const packed = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '') && body.length > 500 && !/png|woff/.test(type);
      response.writeHead(status, { ...headers, 'content-type': type, vary: 'accept-encoding', ...(packed && { 'content-encoding': 'gzip' }) });
      response.end(request.method === 'HEAD' ? undefined : packed ? gzipSync(body) : body);
    };
    try {
      // A name of another site that leads here is not ours: its page would have our origin's rights.
      if (!/^(localhost|127\.0\.0\.1)(:\d+)?$/.test(request.headers.host ?? '')) return answer(421, 'text/plain', 'not this host');
      if (!['GET', 'HEAD'].includes(request.method)) return answer(405, 'text/plain', 'only GET');
      const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
      if (Object.hasOwn(documents, path)) {
        const [type, text] = documents[path]();
        return answer(200, TYPES[type], Buffer.from(text));
      }
      const file = await fileAt(folders, path);
      if (!file) return answer(404, 'text/plain', 'there is no such file');
      return answer(200, TYPES[extname(file)] ?? 'application/octet-stream', await readFile(file));
    } catch { return answer(400, 'text/plain', 'not understood'); }
  });
  for (let next = port; ; next++) {
    const error = await new Promise((done) => server.once('error', done).listen(next, '127.0.0.1', () => done(null)));
    if (!error) return { port: server.address().port, close: () => server.close() };
    if (error.code !== 'EADDRINUSE' || next === 0 || next > port + 100) throw error;
  }
}
