// Validates by a schema without making functions.
// Gives: {"good":true,"bad":["instance.to does not match pattern \"^0x\"","instance.amount must be greater than or equal to 1","instance is not allowed to have the additional property \"more\""]}
import { Validator } from "npm:jsonschema@1.5.0";

export function main() {
  const schema = { type: "object", required: ["to", "amount"], properties: { to: { type: "string", pattern: "^0x" }, amount: { type: "integer", minimum: 1 } }, additionalProperties: false };
  const validator = new Validator();
  return { good: validator.validate({ to: "0xab", amount: 1 }, schema).valid, bad: validator.validate({ to: "ab", amount: 0, more: 1 }, schema).errors.map((error) => error.stack) };
}
