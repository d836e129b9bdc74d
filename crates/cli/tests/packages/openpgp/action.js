// Reads a text that is not enciphered, and armours it again.
// Gives: {"text":"a quorum","packets":1}
import * as openpgp from "npm:openpgp@6.3.2";

export async function main() {
  const message = await openpgp.createMessage({ text: "a quorum", date: new Date("2026-03-01T12:00:00Z") });
  const armoured = message.armor();
  const read = await openpgp.readMessage({ armoredMessage: armoured });
  return { text: read.getText(), packets: read.packets.length };
}
