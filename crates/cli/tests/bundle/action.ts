// Says who has signed a message, by a library that it brings along.
import { type Hex, hashMessage, recoverMessageAddress } from "viem";
import { keccak256, toHex } from "npm:viem@2.57.20/utils";
import { words } from "./words.ts";

declare const Lit: { Actions: { setResponse(value: { response: string }): void } };

export async function main({ message, signature }: { message: string; signature: Hex }): Promise<void> {
  const signer = await recoverMessageAddress({ message, signature });
  const said = { signer, hash: hashMessage(message), words: words(message), name: keccak256(toHex(message)) };
  Lit.Actions.setResponse({ response: JSON.stringify(said) });
}
