// There is one kind of `Buffer`, whatever it is called.
// Gives: {"own":false,"hex":"71756f72756dfffe","base64":"cXVvcnVt//4=","read":1836413551,"found":3}
import { Buffer as Own } from "npm:buffer@6.0.3";

export function main() {
  const bytes = Own.concat([Own.from("quorum", "utf8"), Own.alloc(2, 1)]);
  bytes.writeUInt16BE(0xfffe, 6);
  return { own: Own !== Buffer, hex: bytes.toString("hex"), base64: bytes.toString("base64"), read: bytes.readUInt32LE(2), found: bytes.indexOf("rum") };
}
