// Posts by one plain key, which no action stands before: Ceramic and the models alone say what is taken.
import { randomBytes } from 'node:crypto';
import { publish } from './people.mjs';
import { base32, cidOf, encode, streamOf } from '../check.mjs';
import { plainKey } from '../ceramic/plain.mjs';

/** An author with a key of its own: gives the author, the key's DID, and what writes a post and says whether it was taken. */
export async function plainAuthor(config) {
  const { did, sign } = await plainKey(), author = 'wallet:0x' + randomBytes(20).toString('hex');
  const model = Buffer.from([...config.models.post.slice(1)].reduce((n, digit) => n * 36n + BigInt(parseInt(digit, 36)), 0n).toString(16), 'hex');
  const base64 = (bytes) => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
  const post = async (text, slot) => {
    const content = { author, slot, text, createdAt: `${slot.slice(0, 10)}T12:00:00.000Z` };
    const header = { controllers: [did], model, sep: 'model', unique: Buffer.from(`${author}|${slot}`) }, genesis = cidOf(encode({ data: null, header }));
    const commit = await sign(base32(genesis), Object.entries(content).map(([name, value]) => ({ op: 'add', path: `/${name}`, value })));
    return publish(config, { stream: streamOf(genesis), genesis: { data: null, header: { ...header, model: base64(model), unique: base64(header.unique) } }, commit });
  };
  return { author, did, post };
}
