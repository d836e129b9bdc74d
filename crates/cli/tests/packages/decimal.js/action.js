// Logarithms and powers to forty digits.
// Gives: {"log":"0.6931471805599453094172321214581765680755","exp":"2.718281828459045235360287471352662497757","sine":"0.4794255386042030002732879352155713880818","hex":"0xff.8"}
import Decimal from "npm:decimal.js@10.6.0";

export function main() {
  const Long = Decimal.clone({ precision: 40 });
  return { log: new Long(2).ln().toString(), exp: new Long(1).exp().toString(), sine: new Long("0.5").sin().toString(), hex: new Long(255.5).toHexadecimal() };
}
