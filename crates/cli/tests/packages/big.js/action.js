// Reckons with decimals.
// Gives: {"sum":"0.3","root":"1.4142135623730950488","third":"0.3333333333","rounded":"2","power":"1.01004966209287656885501886291"}
import Big from "npm:big.js@7.0.1";

export function main() {
  return { sum: new Big("0.1").plus("0.2").toString(), root: new Big(2).sqrt().toString(), third: new Big(1).div(3).toFixed(10), rounded: new Big("2.5").round(0, Big.roundHalfEven).toString(), power: new Big("1.0001").pow(100).toPrecision(30) };
}
