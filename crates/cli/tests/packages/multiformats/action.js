// Makes CIDs of bytes and reads them in other bases.
// Gives: {"raw":"bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu","old":"QmatYkNGZnELf8cAGdyJpUca2PyY4szai3RHyyWofNY1pY","v1":"bafybeif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu","base58":"zb2rhjCBERUodVMcKTiFjjbWP12nfh2nNKKcpDNHeQPReWC2G","same":true}
import { base32 } from "npm:multiformats@14.0.5/bases/base32";
import { base58btc } from "npm:multiformats@14.0.5/bases/base58";
import { CID } from "npm:multiformats@14.0.5/cid";
import { sha256 } from "npm:multiformats@14.0.5/hashes/sha2";

export async function main() {
  const digest = await sha256.digest(new TextEncoder().encode("abc"));
  const raw = CID.createV1(0x55, digest);
  const old = CID.createV0(digest);
  return { raw: raw.toString(), old: old.toString(), v1: old.toV1().toString(base32), base58: raw.toString(base58btc), same: CID.parse(raw.toString()).equals(raw) };
}
