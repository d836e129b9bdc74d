// The second vector of BIP-32.
// Gives: {"root":"xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB","child":"xpub6DF8uhdarytz3FWdA8TvFSvvAh8dP3283MY7p2V4SeE2wyWmG5mg5EwVvmdMVCQcoNJxGoWaU9DCWh89LojfZ537wTfunKau47EL2dhHKon"}
import * as ecc from "npm:@bitcoinerlab/secp256k1@2.0.0";
import { BIP32Factory } from "npm:bip32@5.0.1";

export function main() {
  const seed = Buffer.from("fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542", "hex");
  const root = BIP32Factory(ecc).fromSeed(seed);
  return { root: root.neutered().toBase58(), child: root.derivePath("m/0/2147483647'/1").neutered().toBase58() };
}
