// Reckons with large whole numbers.
// Gives: {"inverse":"64bc837618be992b348695fe7cdd76e318ce5dd468e4f348dabfa3e51dc10ced","power":"1b5fbf809d9bcbd4b13b4a4a2ff1ee1e517de03002781df07da9051297ad1e","bytes":"000000018ee90ff6c373e0ee4e3f0ad2","shifted":"145752050628652680975897013633443949312730317455360"}
import BN from "npm:bn.js@5.2.5";

export function main() {
  const prime = new BN("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16);
  const value = new BN("123456789012345678901234567890");
  return { inverse: value.invm(prime).toString(16), power: value.toRed(BN.red(prime)).redPow(new BN(65537)).fromRed().toString(16), bytes: value.toArrayLike(Buffer, "be", 16).toString("hex"), shifted: value.shln(70).toString() };
}
