// Hashes, enciphers, and verifies with RSA.
// Gives: {"sealed":"a7713380841cf2c6","tag":"4f876f51e94df35fca96244358e0e4eb","hash":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","verified":true}
import forge from "npm:node-forge@1.4.3";

export function main() {
  const cipher = forge.cipher.createCipher("AES-GCM", "0123456789abcdef");
  cipher.start({ iv: "123456789012" });
  cipher.update(forge.util.createBuffer("a quorum"));
  cipher.finish();
  const hash = forge.md.sha256.create().update("abc").digest().toHex();
  const { n, e } = { n: "9b21a9f22f259684037aff893f34e31ceae3f5ef4dea900db3f0da0d3be29f253cfc8e3017cdf6fc924a3168704fbad9e1ec71db0633f8055df03f7940bbebcc1d1ae2af88acccb52fc70987cc31690e5d058ce4f5814575f8804652ac702bf23a28164854828972212cb752d2ddc71ea66587d8282f3e8525bae5edf412a1fe71deb9b37acf3dc79276b0145a9288c5eaf210c1293abc2185abbd93ee7d549166f263db3777ef75d14482cec1c8ea18abce2e79d3f81e037c0b268bb7fd47048992846cf99ffad0bf9ea8d4421f500c4e8ca0721b1e170230661f269c0a007e69b11ec60424d1da5aad3317c257f561b15813ec3b891dd61fc706ab880ea861", e: "10001" };
  const key = forge.pki.rsa.setPublicKey(new forge.jsbn.BigInteger(n, 16), new forge.jsbn.BigInteger(e, 16));
  const [input, signature] = ["eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJzdWIiOiJ1c2VyLTEiLCJhdWQiOiJ3YWxsZXQiLCJpYXQiOjE3NzIzNjYzNDAsImV4cCI6MTc3MjM3MDAwMH0", "3f3a984574782d769d063fed705c8bfad87fb01a5ac13feda7c1f3f6fb4af9e4afd5ef4aecca6c8c7f08c5f538a5a2cb881aa27b381aac59d23bd876983f2e6812eb811eef2fd934d59f7a899e8adfb377a844a5c2db7263c788173b6f14c7d11f3a737147d4c086728d3e13101a28fb5b7b7387083033449345ff7a4756de6c5f20354750f4aaa8a9d9f4ba81fcb8c775588b97fa8a2142301a67f2895a0329af0d9c35c3547e7f49aab738abace00541ba315b1649e8e8337e37b76b22448e790a0f9b67f0943912e486d0649636ef1ba308c4cd30162f5969dfa306fa29aa10289892c43ee0e5529445734d5bec50350245217bfbe8c864b13901f93911ce"];
  const verified = key.verify(forge.md.sha256.create().update(input).digest().getBytes(), forge.util.hexToBytes(signature));
  return { sealed: cipher.output.toHex(), tag: cipher.mode.tag.toHex(), hash, verified };
}
