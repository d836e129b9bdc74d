// Validates by a schema without making functions.
// Gives: {"good":true,"bad":["# properties","#/to pattern","# properties","#/amount minimum"]}
import { Validator } from "npm:@cfworker/json-schema@4.1.6";

export function main() {
  const schema = { type: "object", required: ["to", "amount"], properties: { to: { type: "string", pattern: "^0x" }, amount: { type: "integer", minimum: 1 } } };
  const validator = new Validator(schema, "2020-12", false);
  return { good: validator.validate({ to: "0xab", amount: 1 }).valid, bad: validator.validate({ to: "ab", amount: 0 }).errors.map(({ instanceLocation, keyword }) => `${instanceLocation} ${keyword}`) };
}
