// Checks and changes a value, and says what is wrong with another.
// Gives: {"good":{"to":"0xabababababababababababababababababababab","amount":"12","memo":"none","kind":"buy","when":"2026-03-01T12:00:00Z"},"bad":["to: invalid_format","amount: too_small","kind: invalid_value","when: invalid_format","mail: invalid_format",": unrecognized_keys"]}
import { z } from "npm:zod@4.6.7";

export function main() {
  const order = z.object({
    to: z.string().regex(/^0x[0-9a-f]{40}$/), amount: z.coerce.bigint().positive().transform(String),
    memo: z.string().trim().max(5).default("none"), kind: z.enum(["buy", "sell"]), when: z.iso.datetime(), mail: z.email().optional(),
  }).strict();
  const good = order.parse({ to: "0x" + "ab".repeat(20), amount: "12", kind: "buy", when: "2026-03-01T12:00:00Z" });
  const bad = order.safeParse({ to: "0x", amount: -1, kind: "keep", when: "now", mail: "x", more: 1 });
  return { good, bad: bad.error.issues.map(({ path, code }) => `${path.join(".")}: ${code}`) };
}
