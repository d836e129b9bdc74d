// Turns texts into bytes, and bytes into base64.
// Gives: {"base64":"R3LDvMOfZSwg6Y21","back":"Grüße"}
import util from "npm:tweetnacl-util@0.15.1";

export function main() {
  const bytes = util.decodeUTF8("Grüße, 鍵");
  return { base64: util.encodeBase64(bytes), back: util.encodeUTF8(util.decodeBase64("R3LDvMOfZQ==")) };
}
