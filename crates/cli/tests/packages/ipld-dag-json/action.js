// Writes and reads DAG-JSON.
// Gives: {"text":"{\"a\":1,\"b\":{\"/\":{\"bytes\":\"AQI\"}}}","back":[1,2]}
import * as json from "npm:@ipld/dag-json@11.0.1";

export function main() {
  const bytes = json.encode({ b: new Uint8Array([1, 2]), a: 1 });
  return { text: new TextDecoder().decode(bytes), back: [...json.decode(bytes).b] };
}
