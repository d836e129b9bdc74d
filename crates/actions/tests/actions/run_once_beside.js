// What belongs to the function of runOnce is refused at once whatever else the script does beside it, and nothing else is.
const toSign = new Uint8Array(32).fill(7), publicKey = '02' + '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const sign = (sigName) => Lit.Actions.signEcdsa({ toSign, publicKey, sigName }).then(() => 'signed', (error) => error.code);
const once = (name, wanted) => Lit.Actions.runOnce({ waitForResponse: true, name }, wanted);
const wait = (ms) => new Promise((over) => setTimeout(over, ms));
const said = {};
async function inside(name, signs) {
  const given = await once(name, async () => {
    const answers = [];
    await signs((answer) => answers.push(answer), name);
    return answers.join(' ');
  });
  said[name] = given;
}
const ways = {
  awaited: async (say, name) => say(await sign(name)),
  behindACall: async (say, name) => { await fetch('https://host.test/json'); say(await sign(name)); },
  then: (say, name) => Promise.resolve().then(() => sign(name)).then(say),
  catch: (say, name) => Promise.reject(new Error('x')).catch(() => sign(name)).then(say),
  finally: (say, name) => { let answer; return Promise.resolve().finally(async () => { answer = await sign(name); }).then(() => say(answer)); },
  thenable: async (say, name) => say(await { then: (resolve) => resolve(sign(name)) }),
  timer: (say, name) => new Promise((over) => setTimeout(() => sign(name).then(say).then(over), 10)),
  timerOfATimer: (say, name) => new Promise((over) => setTimeout(() => setTimeout(() => sign(name).then(say).then(over), 1), 1)),
  interval: (say, name) => new Promise((over) => {
    let left = 2;
    const timer = setInterval(() => sign(name).then(say).then(() => { if (--left === 0) over(clearInterval(timer)); }), 10);
  }),
  immediate: (say, name) => new Promise((over) => setImmediate(() => sign(name).then(say).then(over))),
  microtask: (say, name) => new Promise((over) => queueMicrotask(() => sign(name).then(say).then(over))),
  nextTick: (say, name) => new Promise((over) => process.nextTick(() => sign(name).then(say).then(over))),
  listener: (say, name) => new Promise((over) => {
    const stop = new AbortController();
    stop.signal.addEventListener('abort', () => sign(name).then(say).then(over));
    stop.abort();
  }),
  forAwait: async (say, name) => {
    async function* two() { yield await sign(`${name} 1`); yield await sign(`${name} 2`); }
    for await (const answer of two()) say(answer);
    for await (const answer of [sign(`${name} 3`)]) say(answer);
  },
  all: async (say, name) => say(await Promise.all([sign(`${name} 1`), wait(5).then(() => sign(`${name} 2`))])),
  fromAsync: async (say, name) => say(await Array.fromAsync([1, 2], (i) => sign(`${name} ${i}`))),
  ofOutside: async (say, name) => { await outside; say(await sign(name)); },
};
let open;
const outside = new Promise((over) => { open = over; });
let leave;
const shared = new Promise((over) => { leave = over; });
// One body that both ask: it belongs to whoever asked for the step.
async function* asked() {
  for (let i = 1; ; i++) { await null; yield await sign(`shared ${i}`); }
}
async function main() {
  const generator = asked();
  const beside = (async () => {
    said.besideBefore = await sign('beside 1');
    await fetch('https://host.test/json');
    said.besideWithin = await sign('beside 2');
    const value = await shared;
    said.besideAfter = `${value} ${await sign('beside 3')}`;
  })();
  wait(1).then(open);
  const first = generator.next();
  const all = Object.keys(ways).map((name) => inside(name, ways[name]));
  await inside('generator', async (say) => { say((await Promise.all([generator.next(), generator.next()])).map(({ value }) => value)); });
  said.generatorOutside = [(await first).value, (await generator.next()).value].join(' ');
  await Promise.all(all);
  await inside('leaves', async (say) => { leave('left'); say(await sign('leaves')); });
  await beside;
  // What the function left behind is still its own; who waits for it is not.
  let late;
  const left = await new Promise((over) => once('leftOver', async () => { late = wait(30).then(() => sign('late')); over(late); return ''; }));
  said.leftOver = `${left} ${await sign('behind what was left over')}`;
  said.afterwards = await sign('afterwards');
  console.log(Object.entries(said).map(([name, answer]) => `${name}: ${answer}`).join('\n'));
}
