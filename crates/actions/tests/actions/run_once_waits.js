const start = Date.now();
const at = () => Date.now() - start;
const wait = (ms) => new Promise((over) => setTimeout(over, ms));
setTimeout(() => console.log('set before', at()), 50);
setImmediate(() => console.log('at once', at()));
const once = (name, wanted) => Lit.Actions.runOnce({ waitForResponse: true, name }, wanted);
async function main() {
  const value = await once('waits', async () => {
    await wait(1000);
    console.log('in it', at());
    setTimeout(() => console.log('left over', at()), 300);
    await wait(100);
    return `waited ${at()}`;
  });
  console.log(value, at());
  console.log(await once('elsewhere', async () => 'not here'), at());
  // One that waits for what was set before is let have it.
  let done;
  const set = new Promise((over) => { done = over; });
  setTimeout(() => done('from outside'), 20);
  console.log(await once('needs', () => set), at());
}
