// An action of Chirp by `quorate action simulate`, on what a real Ceramic node shows. The key is the simulation's "chirp".
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { post } from './people.mjs';

const TIME = '2026-01-31T12:00:00Z';
const at = (name) => fileURLToPath(new URL(`../actions/${name}.dist.js`, import.meta.url));

const askedOf = (ceramic) => async ({ url, body }) => {
  const path = url.replace(/^.*\/api\/v0/, '');
  return body === undefined ? (await fetch(ceramic + path)).json() : (await post(ceramic + path, body)).body;
};

/** One simulation; what it asks is asked of the node, or answered by `answer`, until nothing is missing. */
export async function simulate(quorate, ceramic, action, address, params, answer = askedOf(ceramic)) {
  const fixtures = { time: TIME, auth: { address }, pkps: { chirp: { grants: [{ action: 'self', scopes: ['sign-anything'] }] } }, fetch: [] };
  const folder = mkdtempSync(join(tmpdir(), 'golden-'));
  try {
    for (;;) {
      writeFileSync(join(folder, 'params.json'), JSON.stringify({ publicKey: '${pkp.chirp.public_key}', ...params }));
      writeFileSync(join(folder, 'fixtures.json'), JSON.stringify(fixtures));
      const words = ['--json', 'action', 'simulate', at(action), '--params', `@${join(folder, 'params.json')}`, '--fixtures', join(folder, 'fixtures.json')];
      let report;
      try { report = JSON.parse(execFileSync(quorate, words, { stdio: ['ignore', 'pipe', 'ignore'] })); } catch (error) { report = JSON.parse(error.stdout); }
      if (!report.fixtures) throw new Error(report.error?.detail ?? 'there is no report');
      const request = report.fixtures.missing[0]?.add;
      if (!request) return { ...JSON.parse(report.response), reads: fixtures.fetch };
      const { url, method, body } = request;
      fixtures.fetch.push({ url, method, body, reply: { json: await answer(request) } });
    }
  } finally { rmSync(folder, { recursive: true }); }
}
