// Checks and changes a value, and says what is wrong with another.
// Gives: {"good":{"to":"0xab","amount":3},"bad":["to: regex","amount: integer","amount: min_value"]}
import * as v from "npm:valibot@1.5.0";

export function main() {
  const schema = v.object({ to: v.pipe(v.string(), v.regex(/^0x/)), amount: v.pipe(v.string(), v.transform(Number), v.integer(), v.minValue(1)) });
  const bad = v.safeParse(schema, { to: "ab", amount: "0.5" });
  return { good: v.parse(schema, { to: "0xab", amount: "3" }), bad: bad.issues.map((issue) => `${v.getDotPath(issue)}: ${issue.type}`) };
}
