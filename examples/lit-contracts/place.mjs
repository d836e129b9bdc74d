// Where a development network is, and which account has money there: read out of the state folder of `quorate dev`.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Everything that a script needs of the folder, which is `.quorate` unless named. */
export function placeOf(folder = ".quorate") {
  const text = (name) => readFileSync(join(folder, name), "utf8");
  const network = JSON.parse(text("network.json"));
  return {
    folder: resolve(folder),
    network,
    chainId: network.chain.id,
    rpc: JSON.parse(text("running.json")).chain_rpc,
    key: `0x${text("wallet.key").trim()}`,
    /** The file that the published client libraries of this generation take. */
    context: (generation) => resolve(folder, "lit", `context-${generation}.json`),
  };
}

/** Ends with an error if the values differ. */
export function equal(found, expected, about) {
  const shown = (value) => JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}` : inner));
  if (shown(found) !== shown(expected)) throw new Error(`${about}: ${shown(found)} and not ${shown(expected)}`);
}

/** Ends with an error unless it fails with this text. */
export async function refused(promise, text, about) {
  const said = await promise.then(() => "nothing was refused", (error) => `${error?.stack} ${error?.cause?.stack} ${error?.info}`);
  if (!said.includes(text)) throw new Error(`${about}: expected ${text}, but: ${said}`);
}
