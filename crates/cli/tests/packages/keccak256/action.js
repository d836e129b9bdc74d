// Hashes as Keccak, with a package that stands in for a module of Node.js.
// Gives: {"text":"4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45","hex":"dbe576b4818846aa77e82f4ed5fa78f92766b141f282d36703886d196df39322","bytes":"22ae6da6b482f9b1b19b0b897c3fd43884180a1c5ee361e1107a1bc635649dda"}
import "npm:events@3.3.0";
import keccak256 from "npm:keccak256@1.0.6";

export function main() {
  return { text: keccak256("abc").toString("hex"), hex: keccak256("0xabcd").toString("hex"), bytes: keccak256(Buffer.from([1, 2])).toString("hex") };
}
