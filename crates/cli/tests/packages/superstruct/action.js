// Checks a value, and says what is wrong with another.
// Gives: {"sum":"3","bad":["to: string","amounts.0: bigint"]}
import { assert, array, bigint, coerce, create, number, object, string, validate } from "npm:superstruct@2.0.2";

export function main() {
  const schema = object({ to: string(), amounts: array(coerce(bigint(), number(), BigInt)) });
  const made = create({ to: "0xab", amounts: [1, 2] }, schema);
  assert(made, schema);
  const [error] = validate({ to: 1, amounts: ["x"] }, schema);
  return { sum: made.amounts.reduce((all, one) => all + one).toString(), bad: error.failures().map(({ path, type }) => `${path.join(".")}: ${type}`) };
}
