// Reckons with decimals, and writes them in other bases.
// Gives: {"ether":"1,234,567,890.1235","hex":"3fd35eb6d797a91be38f34e","modulo":"52","root":"1.4142135623730950488","rounded":"2"}
import BigNumber from "npm:bignumber.js@11.1.5";

export function main() {
  const wei = new BigNumber("1234567890123456789012345678");
  return { ether: wei.shiftedBy(-18).toFormat(4), hex: wei.toString(16), modulo: wei.modulo(97).toString(), root: new BigNumber(2).sqrt().toString(), rounded: new BigNumber("2.5").decimalPlaces(0, BigNumber.ROUND_HALF_EVEN).toString() };
}
