// Hashes as BLAKE2.
// Gives: {"blake2b":"ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923","blake2s":"508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982","short":"384264f676f39536840523f284921cdc68b6846b"}
import blake from "npm:blakejs@1.2.1";

export function main() {
  return { blake2b: blake.blake2bHex("abc"), blake2s: blake.blake2sHex("abc"), short: blake.blake2bHex("abc", null, 20) };
}
