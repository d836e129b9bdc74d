// Verifies an RS256 token; random bytes are drawn while the module is loaded.
// Gives: {"good":true,"bad":false,"payload":{"iss":"https://login.example","sub":"user-1","aud":"wallet","iat":1772366340,"exp":1772370000}}
import { KEYUTIL, KJUR } from "npm:jsrsasign@11.1.5";

const TOKEN =
  "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJzdWIiOiJ1c2VyLTEiLCJhdWQiOiJ3YWxsZXQiLCJpYXQiOjE3NzIzNjYzNDAsImV4cCI6MTc3MjM3MDAwMH0.PzqYRXR4LXadBj_tcFyL-th_sBpawT_tp8Hz9vtK-eSv1e9K7MpsjH8IxfU4paLLiBqiezgarFnSO9h2mD8uaBLrgR7vL9k01Z96iZ6K37N3qESlwttyY8eIFztvFMfRHzpzcUfUwIZyjT4TEBoo-1t7c4cIMDNEk0X_ekdW3mxfIDVHUPSqqKnZ9LqB_LjHdViLl_qKIUIwGmfyiVoDKa8NnDXDVH5_Saq3OKus4AVBujFbFkno6DN-N7drIkSOeQoPm2fwlDkS5IbQZJY27xujCMTNMBYvWWnfowb6KaoQKJiSxD7g5VKURXNNW-xQNQJFIXv76MhksTkB-TkRzg";

export function main() {
  const key = KEYUTIL.getKey({"kty":"RSA","n":"myGp8i8lloQDev-JPzTjHOrj9e9N6pANs_DaDTvinyU8_I4wF832_JJKMWhwT7rZ4exx2wYz-AVd8D95QLvrzB0a4q-IrMy1L8cJh8wxaQ5dBYzk9YFFdfiARlKscCvyOigWSFSCiXIhLLdS0t3HHqZlh9goLz6FJbrl7fQSof5x3rmzes89x5J2sBRakojF6vIQwSk6vCGFq72T7n1UkWbyY9s3d-910USCzsHI6hirzi550_geA3wLJou3_UcEiZKEbPmf-tC_nqjUQh9QDE6MoHIbHhcCMGYfJpwKAH5psR7GBCTR2lqtMxfCV_VhsVgT7DuJHdYfxwariA6oYQ","e":"AQAB","kid":"k1","alg":"RS256","use":"sig"});
  const options = { alg: ["RS256"], iss: ["https://login.example"], verifyAt: KJUR.jws.IntDate.get("20260301120000Z") };
  return { good: KJUR.jws.JWS.verifyJWT(TOKEN, key, options), bad: KJUR.jws.JWS.verifyJWT(TOKEN.slice(0, -8) + "AAAAAAAA", key, options), payload: KJUR.jws.JWS.readSafeJSONString(KJUR.jws.JWS.parse(TOKEN).payloadPP) };
}
