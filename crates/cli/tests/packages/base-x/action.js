// Writes and reads in any base.
// Gives: {"text":"8l0cJbgIyTj","back":"a quorum"}
import basex from "npm:base-x@5.0.1";

export function main() {
  const base62 = basex("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
  const text = base62.encode(new TextEncoder().encode("a quorum"));
  return { text, back: new TextDecoder().decode(base62.decode(text)) };
}
