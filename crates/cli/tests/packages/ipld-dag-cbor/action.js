// Writes and reads DAG-CBOR with a link in it.
// Gives: {"hex":"a36161d82a58250001551220ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad61628301201b00000100000000006163420102","link":"bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu"}
import * as cbor from "npm:@ipld/dag-cbor@10.0.2";
import { CID } from "npm:multiformats@14.0.5/cid";

export function main() {
  const link = CID.parse("bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu");
  const bytes = cbor.encode({ b: [1, -1, 2 ** 40], a: link, c: new Uint8Array([1, 2]) });
  return { hex: Buffer.from(bytes).toString("hex"), link: cbor.decode(bytes).a.toString() };
}
