// Checks a value and says what is wrong with another.
// Gives: {"good":{"to":"0xab","amount":3},"bad":["string.pattern.base","number.min"]}
import Joi from "npm:joi@18.3.2";

export function main() {
  const schema = Joi.object({ to: Joi.string().pattern(/^0x/).required(), amount: Joi.number().integer().min(1) });
  return { good: schema.validate({ to: "0xab", amount: "3" }).value, bad: schema.validate({ to: "ab", amount: 0 }, { abortEarly: false }).error.details.map(({ type }) => type) };
}
