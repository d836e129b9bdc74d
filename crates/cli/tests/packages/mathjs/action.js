// Evaluates an expression, solves a system, and reckons with fractions.
// Gives: {"value":10,"solved":[[0.8],[1.4]],"fraction":"1/2","derived":"3 * x ^ 2 + 2"}
import { create, all } from "npm:mathjs@15.2.0";

export function main() {
  const math = create(all, {});
  return { value: math.evaluate("sqrt(3^2 + 4^2) * x", { x: 2 }), solved: math.lusolve([[2, 1], [1, 3]], [3, 5]), fraction: math.format(math.fraction(1, 3).add(math.fraction(1, 6)), { fraction: "ratio" }), derived: math.derivative("x^3 + 2x", "x").toString() };
}
