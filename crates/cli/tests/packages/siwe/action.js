// Writes a Sign-In with Ethereum message and verifies its signature.
// Gives: {"text":"wallet.example wants you to sign in with your Ethereum account:\n0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A\n\nSign in\n\nURI: https://wallet.example/login\nVersion: 1\nChain ID: 10\nNonce: abcdefgh12345678\nIssued At: 2026-03-01T12:00:00.000Z","chainId":10,"success":false,"error":"Signature does not match address of the message."}
import { SiweMessage } from "npm:siwe@2.3.2";

export async function main() {
  const address = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A";
  const message = new SiweMessage({
    domain: "wallet.example", address, uri: "https://wallet.example/login", version: "1", chainId: 10,
    nonce: "abcdefgh12345678", issuedAt: "2026-03-01T12:00:00.000Z", statement: "Sign in",
  });
  const text = message.prepareMessage();
  const parsed = new SiweMessage(text);
  const signature =
    "0xa8948a18a994904dd64c9aae97d7f4b5765b393cec1a16150dfe310f7ca4615565bf09a3573874878c2b0cbb4f8d922b608e838ad8760fdcb8f29f7d4b30b2df1b";
  const verified = await parsed.verify({ signature }, { suppressExceptions: true });
  return { text, chainId: parsed.chainId, success: verified.success, error: verified.error.type };
}
