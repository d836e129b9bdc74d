// Makes a tree and proves a leaf.
// Gives: {"root":"0xd9e2e0948afbf0f9d754cf9083e2282f912d84354126192574d91c1eed90d55b","proof":["0xdc984b7043e0c8ae8e70bc0e6568af0135198234df994ba88ca915bbf0734048"],"verified":true}
import { StandardMerkleTree } from "npm:@openzeppelin/merkle-tree@1.0.8";

export function main() {
  const values = [["0x1111111111111111111111111111111111111111", "5"], ["0x2222222222222222222222222222222222222222", "7"]];
  const tree = StandardMerkleTree.of(values, ["address", "uint256"]);
  return { root: tree.root, proof: tree.getProof(1), verified: StandardMerkleTree.verify(tree.root, ["address", "uint256"], values[1], tree.getProof(1)) };
}
