// Looks into a document.
// Gives: {"names":["BTC"],"sum":63}
import jmespath from "npm:jmespath@0.16.0";

export function main() {
  return jmespath.search({ prices: [{ of: "ETH", usd: 3 }, { of: "BTC", usd: 60 }] }, "{names: prices[?usd > `5`].of, sum: sum(prices[*].usd)}");
}
