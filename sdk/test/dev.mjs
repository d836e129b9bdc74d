// A development network of real processes, which ends with the test that started it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The program, where the environment names one. */
export const PROGRAM = process.env["QUORATE_BIN"];
const READY_MS = 240_000;

/** Repeats what may succeed later: on a busy machine, nodes lose sight of each other for a moment. */
export async function patient(act) {
  for (const until = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 500))) {
    try {
      return await act();
    } catch (error) {
      if (error.retryable !== true || Date.now() > until) throw error;
    }
  }
}

/** Starts a network in a folder of its own, on free ports. */
export async function start(t) {
  const folder = mkdtempSync(join(tmpdir(), "quorate-sdk-"));
  const ready = join(folder, "ready.json");
  const words = ["dev", "--dir", join(folder, "net"), "--http-port", "0", "--quic-port", "0", "--chain-port", "0", "--ready-file", ready,
    "--ready-within", String(READY_MS / 1_000), "--no-restart", "--follow-stdin"];
  const dev = spawn(PROGRAM, words, { cwd: folder, stdio: ["pipe", "ignore", "pipe"] });
  const said = [];
  dev.stderr.on("data", (part) => said.push(part));
  const ended = new Promise((resolve) => dev.on("exit", resolve));
  t.after(async () => {
    // The network follows this end of the pipe, and ends with this process as well.
    dev.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const until = Date.now() + READY_MS;
  while (!existsSync(ready)) {
    if (dev.exitCode !== null || Date.now() > until) assert.fail(`the network does not start: ${Buffer.concat(said)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { folder, ready: JSON.parse(readFileSync(ready, "utf8")) };
}
