// What the scripts share: plain JSON-RPC, checks with names, and money for further accounts.

let calls = 0;
let checks = 0;

/** Posts a body and returns the status and the parsed answer. */
export async function post(url, body, headers = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: text });
  const read = await answer.text();
  let json;
  try {
    json = read === "" ? undefined : JSON.parse(read);
  } catch {
    json = read;
  }
  return { status: answer.status, json };
}

/** One call; what comes back has a `result` or an `error`. */
export async function ask(url, method, params = []) {
  calls += 1;
  const { json } = await post(url, { jsonrpc: "2.0", id: calls, method, params });
  return json;
}

/** One call that has to succeed. */
export async function result(url, method, params = []) {
  const answer = await ask(url, method, params);
  if (answer.error) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
  return answer.result;
}

/** Fails where something does not hold. With TRACE=1 it says what it checks. */
export function check(what, ok) {
  if (process.env.TRACE) console.error(what, ok);
  if (!ok) throw new Error(`failed: ${what}`);
  checks += 1;
}

/** Runs something that has to fail, and returns its error. */
export async function fails(what, act) {
  try {
    await act();
  } catch (error) {
    checks += 1;
    return error;
  }
  throw new Error(`failed: ${what}`);
}

export function done(name) {
  console.log(`${name}: ${checks} checks`);
}

/** Waits until something holds, for twenty seconds. */
export async function until(what, holds) {
  for (let turn = 0; turn < 800; turn += 1) {
    if (await holds()) {
      checks += 1;
      return;
    }
    await new Promise((wake) => setTimeout(wake, 25));
  }
  throw new Error(`failed: ${what}`);
}

/** A price at which a transaction runs whatever the base fee is today: twice the newest block's, and a tip. */
export async function fees(url) {
  const block = await result(url, "eth_getBlockByNumber", ["latest", false]);
  const tip = 1_000_000_000n;
  return { maxFeePerGas: 2n * BigInt(block.baseFeePerGas ?? 0) + tip, maxPriorityFeePerGas: tip };
}

/** The numbers below a bound, in an order that is neither theirs nor its reverse, and the same each time. */
export function shuffled(count) {
  const numbers = Array.from({ length: count }, (_, number) => number);
  return numbers.sort((a, b) => ((a * 7 + 3) % count) - ((b * 7 + 3) % count));
}

/** What is sent before the values that count, until it is heard: libraries do not say when they listen. */
export const BEFORE = 999;

/** Sends that until all listeners have heard it. */
export async function listening(send, ...heard) {
  for (let turn = 0; turn < 40; turn += 1) {
    await send();
    for (let look = 0; look < 10; look += 1) {
      if (heard.every((list) => list.length > 0)) return;
      await new Promise((wake) => setTimeout(wake, 25));
    }
  }
  throw new Error("failed: somebody never listens");
}

/** The values that count among those that were heard. */
export const counted = (values) => values.map(Number).filter((value) => value !== BEFORE);

/**
 * Waits for something while others go on sending. Blocks come with transactions only here, and libraries look for
 * replacements when they hear of a block.
 */
export async function amongOthers(waits, send) {
  let over = false;
  const all = Promise.all(waits).finally(() => {
    over = true;
  });
  for (let turn = 0; !over && turn < 40; turn += 1) {
    await send();
    await Promise.race([all.catch(() => undefined), new Promise((wake) => setTimeout(wake, 250))]);
  }
  return all;
}
