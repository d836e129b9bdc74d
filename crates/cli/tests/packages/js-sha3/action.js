// Hashes as SHA-3 and as Keccak.
// Gives: {"sha3":"3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532","keccak":"4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45","shake":"5881092dd818bf5cf8a3ddb793fbcba7","kmac":"ebe46392f2bb44c946321b01391ecc8ce3ececb5d3a856aebe8dda3dedfd8564"}
import sha3 from "npm:js-sha3@0.13.0";

export function main() {
  return { sha3: sha3.sha3_256("abc"), keccak: sha3.keccak256("abc"), shake: sha3.shake128("abc", 128), kmac: sha3.kmac256("key", "abc", 256, "") };
}
