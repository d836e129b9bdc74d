// Makes a tree and proves a leaf, with a package that stands in for a module of Node.js.
// Gives: {"root":"0x5842148bc6ebeb52af882a317c765fccd3ae80589b21a9b8cbf21abb630e46a7","proof":["0x3ac225168df54212a25c1c01fd35bebfea408fdac2e31ddd6f80a4bbf9a5f1cb","0x0b42b6393c1f53060fe3ddbfcd7aadcca894465a5a438f69c87d790b2299b9b2"],"verified":true}
import "npm:events@3.3.0";
import keccak256 from "npm:keccak256@1.0.6";
import { MerkleTree } from "npm:merkletreejs@0.6.0";

export function main() {
  const leaves = ["a", "b", "c"].map((text) => keccak256(text));
  const tree = new MerkleTree(leaves, keccak256, { sortPairs: true });
  const proof = tree.getHexProof(leaves[1]);
  return { root: tree.getHexRoot(), proof, verified: tree.verify(proof, leaves[1], tree.getRoot()) };
}
