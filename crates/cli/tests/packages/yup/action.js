// Checks and casts a value, and says what is wrong with another.
// Gives: {"good":{"when":"2026-03-01T12:00:00.000Z","amount":3,"to":"0xab"},"bad":["to must match the following: \"/^0x/\"","amount must be greater than or equal to 1"]}
import * as yup from "npm:yup@1.7.1";

export async function main() {
  const schema = yup.object({ to: yup.string().matches(/^0x/).required(), amount: yup.number().integer().min(1), when: yup.date() });
  const good = await schema.validate({ to: "0xab", amount: "3", when: "2026-03-01T12:00:00Z" });
  const bad = await schema.validate({ to: "ab", amount: 0 }, { abortEarly: false }).catch((error) => error.errors);
  return { good, bad };
}
