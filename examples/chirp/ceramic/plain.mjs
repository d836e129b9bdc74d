// A key that one program holds, and signs with by the library `dids`: what Chirp's writes are measured beside.
import { randomBytes } from 'node:crypto';
import { DID } from 'dids';
import { Ed25519Provider } from 'key-did-provider-ed25519';
import * as keys from 'key-did-resolver';
import { CID } from 'multiformats/cid';

/** The key's `did:key`, and a function that signs the first commit of a document, as Ceramic takes it. */
export async function plainKey() {
  const resolver = (keys.default?.getResolver ?? keys.getResolver)();
  const did = new DID({ provider: new Ed25519Provider(randomBytes(32)), resolver });
  await did.authenticate();
  const sign = async (genesis, data) => {
    const link = CID.parse(genesis), { jws, linkedBlock } = await did.createDagJWS({ data, id: link, prev: link });
    return { jws: { ...jws, link: jws.link.toString() }, linkedBlock: Buffer.from(linkedBlock).toString('base64').replace(/=+$/, '') };
  };
  return { did: did.id, sign };
}
