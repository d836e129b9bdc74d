// Asks this chain and one of another make the same, row by row: table.mjs <our url> <their url> <private key>
// With --page alone it prints the table for docs/chain.md; with --check it compares that page with the rows.
import { readFileSync } from "node:fs";
import { differences, isError } from "./compare.mjs";
import { ask, result } from "./lib.mjs";
import { ROWS } from "./rows.mjs";
import { past } from "./setup.mjs";
import { Socket } from "./socket.mjs";

const PAGE = new URL("../../../../docs/chain.md", import.meta.url);
const BEGIN = "<!-- rows of crates/registry/tests/wallets/rows.mjs: begin -->\n";
const END = "<!-- rows of crates/registry/tests/wallets/rows.mjs: end -->\n";

const without = ({ but }) => (but.length === 0 ? "" : `, but for ${but.map((name) => `\`${name}\``).join(", ")}`);
const words = {
  same: (expect) => `equal${without(expect)}`,
  shape: (expect) => `same members and forms${without(expect)}`,
  code: ({ code, words }) => `refused by both: ${code}${words ? ` "${words}"` : ""}`,
  ours: ({ code, words, result }) =>
    result === undefined ? `refused: ${code}${words ? ` "${words}"` : ""}` : `\`${JSON.stringify(result)}\``,
};

function page() {
  const lines = ["| asked by | method | what is asked | answer, beside anvil's | note |", "|---|---|---|---|---|"];
  for (const { by, method, what, expect } of ROWS) {
    const answer = expect.later === undefined ? words[expect.kind](expect) : `not yet: ${expect.later}`;
    lines.push(`| ${by} | \`${method}\` | ${what || "–"} | ${answer} | ${expect.note || "–"} |`);
  }
  return `${lines.join("\n")}\n`;
}

function checkPage() {
  const text = readFileSync(PAGE, "utf8");
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from || text.slice(from + BEGIN.length, to) !== page()) {
    throw new Error("docs/chain.md: the table is not that of the rows; put there what table.mjs --page prints");
  }
}

/** What is wrong with a row; nothing, if all is as it says. */
function wrong(expect, ours, theirs) {
  const { kind, code, words, result } = expect;
  if (kind === "same" || kind === "shape") {
    if (kind === "shape" && ours.error !== undefined) return ["both are refused"];
    const pick = ({ result, error }) => (error === undefined ? { result } : { error });
    return differences(pick(ours), pick(theirs), { equal: kind === "same", but: expect.but });
  }
  if (kind === "code") {
    const found = [ours, theirs].flatMap((answer, at) => (isError(answer, code, words) ? [] : [`not so: ${["ours", "theirs"][at]}`]));
    if (ours.error?.data !== theirs.error?.data) found.push("other data");
    return found;
  }
  const found = [];
  const right = result === undefined ? isError(ours, code, words) : JSON.stringify(ours.result) === JSON.stringify(result);
  if (!right) found.push("not so: ours");
  if (expect.theirs !== undefined && !isError(theirs, undefined, expect.theirs)) found.push("other words: theirs");
  const equal = ours.error ? ours.error.code === theirs.error?.code : differences(ours.result, theirs.result, { equal: true }).length === 0;
  if (equal) found.push("it says that ours is unlike theirs, and it is not");
  return found;
}

if (process.argv[2] === "--page") {
  process.stdout.write(page());
} else if (process.argv[2] === "--check") {
  checkPage();
} else {
  const [url, their, key] = process.argv.slice(2);
  const [here, there] = await Promise.all([past(url, key), past(their, key)]);
  const failed = [];
  const sockets = [await Socket.open(url), await Socket.open(their)];
  /** One request to one chain, in the row's way. */
  const answer = async (side, { method, params, how }) => {
    const p = [here, there][side];
    const values = await params(p);
    if (!how.socket) return ask(p.url, method, values);
    const answered = await sockets[side].ask(method, values);
    if (how.tx === undefined) return answered;
    const told = sockets[side].told(answered.result);
    await result(p.url, "eth_sendRawTransaction", [await how.tx(p)]);
    return { result: await told };
  };
  for (const row of ROWS) {
    const { by, method, what, expect } = row;
    // One after the other: a row may be about what the one before did.
    const ours = await answer(0, row);
    const theirs = await answer(1, row);
    const found = wrong(expect, ours, theirs);
    const short = (answer) => JSON.stringify(answer.error ?? answer.result)?.slice(0, 300);
    if (expect.later !== undefined && found.length === 0) found.push("it is as it should be: take its \"later\" away");
    else if (expect.later !== undefined) found.length = 0;
    if (found.length > 0) {
      failed.push(`${by}: ${method} (${what})\n   ${found.join("\n   ")}\n   ours   ${short(ours)}\n   theirs ${short(theirs)}`);
    }
  }
  if (failed.length > 0) {
    sockets.forEach((socket) => socket.close());
    console.error(failed.join("\n"));
    throw new Error(`${failed.length} of ${ROWS.length} rows`);
  }
  sockets.forEach((socket) => socket.close());
  console.log(`table: ${ROWS.length} rows`);
}
