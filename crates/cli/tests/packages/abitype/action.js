// Parses the signatures of a contract.
// Gives: {"abi":[{"name":"fill","type":"function","stateMutability":"payable","inputs":[{"type":"tuple","name":"order","components":[{"type":"address","name":"to"},{"type":"uint256[]","name":"ids"}]}],"outputs":[{"type":"bool"}]},{"name":"Filled","type":"event","inputs":[{"type":"address","name":"by","indexed":true}]}],"text":"function fill((address to, uint256[] ids) order) payable returns (bool)"}
import { formatAbiItem, parseAbi } from "npm:abitype@1.3.0";

export function main() {
  const abi = parseAbi(["struct Order { address to; uint256[] ids; }", "function fill(Order order) payable returns (bool)", "event Filled(address indexed by)"]);
  return { abi, text: formatAbiItem(abi[0]) };
}
