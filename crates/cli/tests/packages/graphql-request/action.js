// Asks a server that the fixtures of the step stand for.
// Gives: {"price":3012.5}
import { GraphQLClient, gql } from "npm:graphql-request@7.4.0";

export async function main() {
  const client = new GraphQLClient("https://graph.example/query");
  return client.request(gql`query price($of: String!) { price(of: $of) }`, { of: "ETH" });
}
