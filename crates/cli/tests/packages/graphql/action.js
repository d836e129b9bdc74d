// Parses a query, and executes one by a schema.
// Gives: {"data":{"balance":1},"wrong":"Cannot query field \"nothing\" on type \"Query\".","printed":"query ($a: Int) {\n  b(c: $a) {\n    d\n  }\n}"}
import { buildSchema, graphqlSync, parse, print } from "npm:graphql@16.15.0";

export function main() {
  const schema = buildSchema("type Query { balance(of: String!): Int }");
  const { data, errors } = graphqlSync({ schema, source: '{ balance(of: "a") }', rootValue: { balance: ({ of }) => of.length } });
  const wrong = graphqlSync({ schema, source: "{ nothing }" });
  return { data, errors, wrong: wrong.errors[0].message, printed: print(parse("query($a:Int){b(c:$a){d}}")) };
}
