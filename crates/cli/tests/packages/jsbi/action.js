// Large whole numbers without `BigInt`.
// Gives: {"power":"265613988875874769338781322035779626829233452653394495974574961739092490901302182994384699044001","rest":"136318165","wrapped":"6627890308811632801"}
import JSBI from "npm:jsbi@4.3.2";

export function main() {
  const big = JSBI.exponentiate(JSBI.BigInt(3), JSBI.BigInt(200));
  return { power: big.toString(), rest: JSBI.remainder(big, JSBI.BigInt("1000000007")).toString(), wrapped: JSBI.asUintN(64, big).toString() };
}
