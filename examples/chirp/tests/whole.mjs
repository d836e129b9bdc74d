// Everything of the key that is on Ceramic obeys the rules, after all that was tried: node whole.mjs ADDRESS
import { strict as assert } from 'node:assert';
import { post } from './people.mjs';
import { chirp, test } from './chirp.mjs';
import { check, keyFromChain, streamOf } from '../check.mjs';

const { config } = await chirp(process.argv[2]);
const bytesOf = (cid) => {
  let bits = '';
  for (const digit of cid.slice(1)) bits += 'abcdefghijklmnopqrstuvwxyz234567'.indexOf(digit).toString(2).padStart(5, '0');
  return Buffer.from(Uint8Array.from({ length: bits.length >> 3 }, (_, at) => parseInt(bits.slice(at * 8, at * 8 + 8), 2)));
};

await test('no rule is broken in any stream', async () => {
  const streams = [];
  for (const model of Object.values(config.models)) {
    for (let before; ;) {
      const { edges, pageInfo } = (await post(`${config.ceramic}/collection`, { model, account: config.key.did, last: 500, before })).body;
      streams.push(...edges.map(({ node }) => streamOf(bytesOf(node.log[0].cid))));
      if (!pageInfo.hasPreviousPage) break;
      before = pageInfo.startCursor;
    }
  }
  const owner = await keyFromChain(config.chain.rpc, config.contracts.pkp_nft, config.key.token_id);
  assert.equal(owner.did, config.key.did);
  const read = async (stream) => (await (await fetch(`${config.ceramic}/commits/${stream}`)).json()).commits;
  const { faults, documents } = await check({ owner, read, streams });
  console.error(`   ${documents.length} documents`);
  assert.deepEqual(faults, []);
  assert.ok(documents.length > 0);
});
