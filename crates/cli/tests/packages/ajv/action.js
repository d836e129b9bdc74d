// Compiles a schema into a function.
import Ajv from "npm:ajv@8.20.0";

export function main() {
  const check = new Ajv({ allErrors: true }).compile({ type: "object", required: ["to", "amount"], properties: { to: { type: "string", pattern: "^0x" }, amount: { type: "integer", minimum: 1 } }, additionalProperties: false });
  return { good: check({ to: "0xab", amount: 1 }), bad: check({ to: "ab", amount: 0, more: 1 }), errors: check.errors.map(({ instancePath, keyword }) => `${instancePath} ${keyword}`) };
}
