// Makes models.json: a signed genesis commit for each model, by a key that lives only while this script runs. Run once:
// another run makes other models, and with them other actions.
import { generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import * as cbor from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import { base58btc } from 'multiformats/bases/base58';
import { StreamID } from '@ceramicnetwork/streamid';
import { Model } from '@ceramicnetwork/stream-model';
import * as definitions from './definitions.mjs';

const out = new URL('models.json', import.meta.url);
if (existsSync(out)) throw new Error('models.json is there already');

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url');
const name = base58btc.encode(Uint8Array.from([0xed, 1, ...raw]));
const url = (bytes) => Buffer.from(bytes).toString('base64url');
const cidOf = async (codec, block) => CID.createV1(codec, await sha256.digest(block));

async function genesis(definition) {
  const header = { controllers: [`did:key:${name}`], model: Model.MODEL.bytes, sep: 'model' };
  const block = cbor.encode({ data: definition, header });
  const link = await cidOf(0x71, block);
  const head = Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: `did:key:${name}#${name}` }));
  const signature = sign(null, Buffer.from(`${url(head)}.${url(link.bytes)}`), privateKey);
  // The stream is named by the CID of the envelope, as dag-jose writes it.
  const envelope = cbor.encode({ payload: link.bytes, signatures: [{ protected: Uint8Array.from(head), signature: Uint8Array.from(signature) }] });
  const id = new StreamID(2, await cidOf(0x85, envelope)).toString();
  const jws = { payload: url(link.bytes), signatures: [{ protected: url(head), signature: url(signature) }], link: link.toString() };
  return { id, genesis: { jws, linkedBlock: Buffer.from(block).toString('base64').replace(/=+$/, '') } };
}

const profile = await genesis(definitions.profile()), post = await genesis(definitions.post());
const like = await genesis(definitions.like(post.id));
writeFileSync(out, JSON.stringify({ profile, post, like }, null, 2) + '\n');
console.log(profile.id, post.id, like.id);
