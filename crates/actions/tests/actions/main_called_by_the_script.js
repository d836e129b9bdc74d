// Scripts of the older form call their own main; the runtime must not call it again.
async function main() {
  console.log('main runs');
  await fetch('https://host.test/json');
  Lit.Actions.setResponse({ response: 'once' });
}
main();
