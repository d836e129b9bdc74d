// Asks a server that the fixtures of the step stand for.
// Gives: {"status":200,"data":{"of":"ETH","usd":3012.5}}
import fetch from "npm:cross-fetch@4.1.0";

export async function main() {
  const answer = await fetch("https://prices.example/v1?of=ETH");
  return { status: answer.status, data: await answer.json() };
}
