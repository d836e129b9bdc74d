// Signs a token with a key that is given, and reads it.
// Gives: {"token":"eyJhbGciOiJFUzI1NksiLCJ0eXAiOiJKV1QifQ.eyJpYXQiOjE3NzIzNjY0MDAsInN1YiI6ImtleSIsImlzcyI6ImRpZDpleGFtcGxlOjEifQ.1UNW39u5V2kAqQK4r1hCc8wa2RoRCB57kHPvSKbow-Z8kciT3DpefkToWyVOlhXE8ssEgP-1Qokwcg5cxymBZA","payload":{"iat":1772366400,"sub":"key","iss":"did:example:1"}}
import { ES256KSigner, createJWT, decodeJWT, hexToBytes } from "npm:did-jwt@8.0.18";

export async function main() {
  const signer = ES256KSigner(hexToBytes("11".repeat(32)));
  const token = await createJWT({ sub: "key", iat: 1772366400 }, { issuer: "did:example:1", signer }, { alg: "ES256K" });
  return { token, payload: decodeJWT(token).payload };
}
