// Reads a list of jobs as JSON on standard input, and writes the list of results: each library does one of each job.
//
// {"library": "wasm7" | "wasm8", "encrypt": {"key": hex, "identity": text, "message": hex}}     gives the ciphertext, base64
// {"library": …, "open": {"ciphertext": base64, "shares": [{"id": number, "value": hex}]}}      gives message and combined value, hex
//
// What a library refuses is {"error": its words}.
import { readFileSync } from "node:fs";
import * as wasm7 from "wasm7";
import * as wasm8 from "wasm8";

const bytes = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
const hex = (array) => Buffer.from(array).toString("hex");

/// The two generations write shares in different ways, and the older one combines them in a call of its own.
const libraries = {
  wasm7: {
    encrypt: (key, message, identity) => wasm7.blsEncrypt("Bls12381G2", key, message, identity),
    open: async (ciphertext, shares) => {
      const points = shares.map(({ id, value }) => bytes(id.toString(16).padStart(2, "0") + value));
      const value = await wasm7.blsCombine("Bls12381G2", points);
      return { message: hex(await wasm7.blsDecrypt("Bls12381G2", ciphertext, value)), value: hex(value) };
    },
  },
  wasm8: {
    encrypt: (key, message, identity) => wasm8.blsEncrypt(key, message, identity),
    open: async (ciphertext, shares) => {
      const texts = shares.map(({ id, value }) =>
        JSON.stringify({ ProofOfPossession: { identifier: id.toString(16).padStart(64, "0"), value } }),
      );
      return { message: hex(await wasm8.blsDecrypt(ciphertext, texts)), value: await wasm8.blsCombine(texts) };
    },
  },
};

async function run({ library, encrypt, open }) {
  const { [library]: lit } = libraries;
  try {
    if (encrypt) {
      const identity = new TextEncoder().encode(encrypt.identity);
      const ciphertext = await lit.encrypt(bytes(encrypt.key), bytes(encrypt.message), identity);
      return { ciphertext: Buffer.from(ciphertext).toString("base64") };
    }
    const ciphertext = new Uint8Array(Buffer.from(open.ciphertext, "base64"));
    return await lit.open(ciphertext, open.shares);
  } catch (error) {
    return { error: String(error) };
  }
}

const results = [];
for (const job of JSON.parse(readFileSync(0, "utf8"))) {
  results.push(await run(job));
}
process.stdout.write(JSON.stringify(results));
