// The golden commits, which a real node has accepted, as a Ceramic node gives their streams.
import { readFileSync } from "node:fs";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { FORMS, keyOf } from "../site/commit.js";

export const golden = JSON.parse(readFileSync(new URL("../../actions/golden.json", import.meta.url)));
export const verify = (signature, digest, publicKey) => {
  try {
    return secp256k1.verify(signature, digest, publicKey, { prehash: false, lowS: true });
  } catch {
    return false;
  }
};
export const did = golden[0].did, publicKey = keyOf(did);
export const models = {
  profile: "kjzl6hvfrbw6c7smgid133e3czlus7c0tk8qu07jljb4ftgpghlcbtpowswea50",
  post: "kjzl6hvfrbw6c6q0v5toauqfhz9feo16hhqk7bh0aczd3fij0693exmpdyfd1f1",
  like: "kjzl6hvfrbw6caqxvqhdnsqy6w3ug6m8h1uuy3d5093azgzxt7ym5on6m7ezuun",
};
export const expected = {
  profile: { publicKey, model: models.profile, ...FORMS.profile, verify },
  post: { publicKey, model: models.post, ...FORMS.post, verify },
  like: { publicKey, model: models.like, ...FORMS.like, verify },
};

/** The commits of a stream as `GET commits/ID` answers them, the unsigned one first. */
export function commitsOf(stream) {
  const entries = golden.filter((entry) => entry.stream === stream);
  return [{ cid: entries[0].prev, value: entries[0].genesis }, ...entries.map(({ cid, commit }) => ({ cid, value: commit }))];
}

export const entryOf = (name) => golden.find((entry) => entry.name === name);
