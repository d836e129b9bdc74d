// Calls listeners.
// Gives: [1,"once",2]
import EventEmitter from "npm:eventemitter3@5.0.4";

export function main() {
  const [events, heard] = [new EventEmitter(), []];
  events.on("sign", (value) => heard.push(value)).once("sign", () => heard.push("once"));
  events.emit("sign", 1);
  events.emit("sign", 2);
  return heard;
}
