// Runs the snippets of one file in Node.js: {"show", "now", "snippets": [code]} comes in, a list of what each
// printed goes out. A snippet is the body of an async function, in the guest as well.
import { Console } from 'node:console';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import vm from 'node:vm';

const { show, now, snippets } = JSON.parse(await text(process.stdin));

let out = '';
const sink = new Writable({
  decodeStrings: false,
  write(chunk, _encoding, done) {
    out += chunk;
    done();
  },
});
globalThis.console = new Console({ stdout: sink, stderr: sink, colorMode: false });

// The clock stands still, as the request's time does.
const RealDate = Date;
globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now).toString(),
  construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now] : given, newTarget),
});
RealDate.now = () => now;

const uncaught = (error) => {
  out += `uncaught ${error?.name}\n`;
};
process.on('uncaughtException', uncaught);
process.on('unhandledRejection', uncaught);

vm.runInThisContext(show);
const printed = [];
process.on('exit', (code) => {
  if (code !== 0) process.stderr.write(`it stopped in snippet ${printed.length} of this file:\n${snippets[printed.length]}`);
});
for (const snippet of snippets) {
  out = '';
  let body;
  try {
    body = vm.runInThisContext(`(async () => {\n${snippet}\n})`);
  } catch {
    out = 'no program\n';
  }
  try {
    await body?.();
  } catch (error) {
    uncaught(error);
  }
  // What was put off to the end of this turn belongs to this snippet.
  await new Promise((resolve) => setImmediate(resolve));
  printed.push(out);
}
process.stdout.write(JSON.stringify(printed), () => process.exit(0));
