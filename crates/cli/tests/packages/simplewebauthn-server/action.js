// Writes the options of a login with a passkey.
// Gives: {"rpId":"wallet.example","challenge":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","timeout":1000,"userVerification":"preferred"}
import { generateAuthenticationOptions } from "npm:@simplewebauthn/server@14.0.3";

export async function main() {
  return generateAuthenticationOptions({ rpID: "wallet.example", challenge: new Uint8Array(32).fill(1), timeout: 1000 });
}
