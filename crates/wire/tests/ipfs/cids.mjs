// Reads a JSON list of {seed, size} on standard input and prints, for each, what the reference implementation names a file
// of these bytes: CIDv0, the same block's CIDv1 in four bases, and the CIDv1 with raw leaves.
import { importByteStream } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import { base16 } from 'multiformats/bases/base16';
import { base32 } from 'multiformats/bases/base32';
import { base36 } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';

const PIECE = 1 << 20;

/** The bytes of `tests/ipfs.rs`, `bytes`. */
function* bytes({ seed, size }) {
  let state = seed >>> 0;
  for (let done = 0; done < size; done += PIECE) {
    const piece = new Uint8Array(Math.min(PIECE, size - done));
    for (let i = 0; i < piece.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      piece[i] = state >>> 24;
    }
    yield piece;
  }
}

/** Only names are wanted. */
const nowhere = { put: async (cid) => cid };

const name = async (file, options) => (await importByteStream(bytes(file), nowhere, options)).cid;

const layout = () => ({
  chunker: fixedSize({ chunkSize: 262144 }),
  layout: balanced({ maxChildrenPerNode: 174 }),
  reduceSingleLeafToSelf: true,
});

let text = '';
for await (const piece of process.stdin) text += piece;
const names = [];
for (const file of JSON.parse(text)) {
  const v0 = await name(file, { ...layout(), cidVersion: 0, rawLeaves: false, leafType: 'file' });
  const raw = await name(file, { ...layout(), cidVersion: 1, rawLeaves: true });
  const v1 = v0.toV1();
  names.push({
    v0: v0.toString(),
    v1: [base32, base36, base58btc, base16].map((base) => v1.toString(base)),
    raw: raw.toString(),
  });
}
console.log(JSON.stringify(names));
