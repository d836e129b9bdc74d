// Compiles a template into a function.
import { template } from "npm:lodash-es@4.18.1";

export function main() {
  return template("Hello <%= name %>")({ name: "quorum" });
}
