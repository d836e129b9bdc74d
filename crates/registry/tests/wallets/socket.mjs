// JSON-RPC on a WebSocket, without a library's own ideas of it.
import WebSocket from "ws";

export class Socket {
  #socket;
  #calls = 0;
  #waiting = new Map();
  #told = new Map();
  /** Every notification, in the order in which they came. */
  heard = [];
  /** How the other side closed it. */
  closed;

  static async open(url, options = {}) {
    const socket = new Socket();
    socket.#socket = new WebSocket(url.replace("http", "ws"), options);
    socket.closed = new Promise((over) => socket.#socket.on("close", (code) => over(code)));
    socket.#socket.on("message", (bytes) => socket.#hear(JSON.parse(bytes.toString())));
    await new Promise((opened, failed) => socket.#socket.on("open", opened).on("error", failed));
    return socket;
  }

  #hear(message) {
    if (message.method !== "eth_subscription") {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
      return;
    }
    const { subscription, result } = message.params;
    this.heard.push({ subscription, result });
    this.#told.get(subscription)?.(result);
    this.#told.delete(subscription);
  }

  ask(method, params = []) {
    this.#calls += 1;
    const id = this.#calls;
    const answer = new Promise((wake) => this.#waiting.set(id, wake));
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return answer;
  }

  /** What a subscription tells next. */
  told(subscription) {
    return new Promise((wake) => this.#told.set(subscription, wake));
  }

  /** Stops reading, as one does that is too slow. */
  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  close() {
    this.#socket.close();
  }
}
