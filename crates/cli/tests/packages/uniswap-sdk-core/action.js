// Reckons with amounts of tokens.
// Gives: {"exact":"1234.56789","share":"411.522","fixed":"176.36"}
import { CurrencyAmount, Percent, Token } from "npm:@uniswap/sdk-core@7.19.4";

export function main() {
  const token = new Token(1, "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A", 6, "USD");
  const amount = CurrencyAmount.fromRawAmount(token, "1234567890");
  return { exact: amount.toExact(), share: amount.multiply(new Percent(1, 3)).toSignificant(6), fixed: amount.divide(7).toFixed(2) };
}
