// Signs and verifies a token.
import jsonwebtoken from "npm:jsonwebtoken@9.0.3";

export function main() {
  return jsonwebtoken.verify(jsonwebtoken.sign({ sub: "key" }, "secret", { noTimestamp: true }), "secret");
}
