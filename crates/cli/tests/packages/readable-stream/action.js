// Streams of Node.js, of their own: reads what is written in pieces.
// Gives: ["A QUORUM"]
import { Readable, Transform } from "npm:readable-stream@4.8.0";

export async function main() {
  const upper = new Transform({ transform(piece, _, done) { done(null, piece.toString().toUpperCase()); } });
  const pieces = [];
  for await (const piece of Readable.from(["a ", "quorum"]).pipe(upper)) pieces.push(piece.toString());
  return pieces;
}
