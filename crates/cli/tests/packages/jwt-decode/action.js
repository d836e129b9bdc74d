// Reads a token's payload without verifying it.
// Gives: {"payload":{"iss":"https://login.example","sub":"user-1","aud":"wallet","iat":1772366340,"exp":1772370000},"header":{"alg":"RS256","typ":"JWT","kid":"k1"}}
import { jwtDecode } from "npm:jwt-decode@4.0.0";

const TOKEN =
  "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJzdWIiOiJ1c2VyLTEiLCJhdWQiOiJ3YWxsZXQiLCJpYXQiOjE3NzIzNjYzNDAsImV4cCI6MTc3MjM3MDAwMH0.PzqYRXR4LXadBj_tcFyL-th_sBpawT_tp8Hz9vtK-eSv1e9K7MpsjH8IxfU4paLLiBqiezgarFnSO9h2mD8uaBLrgR7vL9k01Z96iZ6K37N3qESlwttyY8eIFztvFMfRHzpzcUfUwIZyjT4TEBoo-1t7c4cIMDNEk0X_ekdW3mxfIDVHUPSqqKnZ9LqB_LjHdViLl_qKIUIwGmfyiVoDKa8NnDXDVH5_Saq3OKus4AVBujFbFkno6DN-N7drIkSOeQoPm2fwlDkS5IbQZJY27xujCMTNMBYvWWnfowb6KaoQKJiSxD7g5VKURXNNW-xQNQJFIXv76MhksTkB-TkRzg";

export function main() {
  return { payload: jwtDecode(TOKEN), header: jwtDecode(TOKEN, { header: true }) };
}
