// Reads an address and finds a program's address.
// Gives: {"derived":"58CDQ9Qgw1ZPedjaTtwrR2MSG4EmmguHSPE2bFtyfinD","bump":254,"bytes":"0761481d357474bb7c4d7624ebd3bdb3d8355e73d11043fc0da3538000000000","base58":"15T","lamports":"5","decoder":true}
import { address, getAddressEncoder, getBase58Decoder, getProgramDerivedAddress, getTransactionDecoder, lamports } from "npm:@solana/kit@8.4.0";

export async function main() {
  const program = address("11111111111111111111111111111111");
  const [derived, bump] = await getProgramDerivedAddress({ programAddress: program, seeds: ["vault"] });
  const vote = address("Vote111111111111111111111111111111111111111");
  return { derived, bump, bytes: Buffer.from(getAddressEncoder().encode(vote)).toString("hex"), base58: getBase58Decoder().decode(new Uint8Array([0, 1, 2])), lamports: lamports(5n).toString(), decoder: getTransactionDecoder().read !== undefined };
}
