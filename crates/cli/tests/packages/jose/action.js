// Verifies an RS256 token with a key of a key set, refuses a changed one, and signs with HMAC.
// Gives: {"sub":"user-1","kid":"k1","refused":"ERR_JWS_SIGNATURE_VERIFICATION_FAILED","signed":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJrZXkifQ.7FmqFxhsiAtgufonHESS4JeUCr3YDiyh3yglVVPpgu8","thumbprint":"dkF96C7Jt1ykTFG7Y22iYPxwpCAGAtzH8Qfyny6yV8Q"}
import * as jose from "npm:jose@6.2.18";

const KEYS = { keys: [{"kty":"RSA","n":"myGp8i8lloQDev-JPzTjHOrj9e9N6pANs_DaDTvinyU8_I4wF832_JJKMWhwT7rZ4exx2wYz-AVd8D95QLvrzB0a4q-IrMy1L8cJh8wxaQ5dBYzk9YFFdfiARlKscCvyOigWSFSCiXIhLLdS0t3HHqZlh9goLz6FJbrl7fQSof5x3rmzes89x5J2sBRakojF6vIQwSk6vCGFq72T7n1UkWbyY9s3d-910USCzsHI6hirzi550_geA3wLJou3_UcEiZKEbPmf-tC_nqjUQh9QDE6MoHIbHhcCMGYfJpwKAH5psR7GBCTR2lqtMxfCV_VhsVgT7DuJHdYfxwariA6oYQ","e":"AQAB","kid":"k1","alg":"RS256","use":"sig"}] };
const TOKEN =
  "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJzdWIiOiJ1c2VyLTEiLCJhdWQiOiJ3YWxsZXQiLCJpYXQiOjE3NzIzNjYzNDAsImV4cCI6MTc3MjM3MDAwMH0.PzqYRXR4LXadBj_tcFyL-th_sBpawT_tp8Hz9vtK-eSv1e9K7MpsjH8IxfU4paLLiBqiezgarFnSO9h2mD8uaBLrgR7vL9k01Z96iZ6K37N3qESlwttyY8eIFztvFMfRHzpzcUfUwIZyjT4TEBoo-1t7c4cIMDNEk0X_ekdW3mxfIDVHUPSqqKnZ9LqB_LjHdViLl_qKIUIwGmfyiVoDKa8NnDXDVH5_Saq3OKus4AVBujFbFkno6DN-N7drIkSOeQoPm2fwlDkS5IbQZJY27xujCMTNMBYvWWnfowb6KaoQKJiSxD7g5VKURXNNW-xQNQJFIXv76MhksTkB-TkRzg";

export async function main() {
  const options = { issuer: "https://login.example", audience: "wallet", currentDate: new Date("2026-03-01T12:00:00Z") };
  const { payload, protectedHeader } = await jose.jwtVerify(TOKEN, jose.createLocalJWKSet(KEYS), options);
  const changed = TOKEN.slice(0, -8) + "AAAAAAAA";
  const refused = await jose.jwtVerify(changed, jose.createLocalJWKSet(KEYS), options).catch((error) => error.code);
  const secret = new Uint8Array(32).fill(1);
  const signed = await new jose.SignJWT({ sub: "key" }).setProtectedHeader({ alg: "HS256" }).sign(secret);
  return { sub: payload.sub, kid: protectedHeader.kid, refused, signed, thumbprint: await jose.calculateJwkThumbprint(KEYS.keys[0]) };
}
