// Asks a server that the fixtures of the step stand for.
// Gives: {"data":{"of":"ETH","usd":3012.5},"status":200,"type":"application/json","failed":["AxiosError",404]}
import axios from "npm:axios@1.21.1";

export async function main() {
  const { data, status, headers } = await axios.get("https://prices.example/v1", { params: { of: "ETH" }, headers: { "x-key": "k" } });
  const failed = await axios.get("https://prices.example/v1/none").catch((error) => [error.name, error.response?.status]);
  return { data, status, type: headers["content-type"], failed };
}
