// Looks into a document, with a filter.
// Gives: {"plain":["ETH","BTC"],"filtered":["BTC"]}
import { JSONPath } from "npm:jsonpath-plus@10.4.0";

export function main() {
  const json = { prices: [{ of: "ETH", usd: 3 }, { of: "BTC", usd: 60 }] };
  return { plain: JSONPath({ path: "$.prices[*].of", json }), filtered: JSONPath({ path: "$.prices[?(@.usd > 5)].of", json }) };
}
