// A script that reads `main` decides itself, also against it.
async function main() {
  console.log('main runs');
}
(() => {
  if (globalThis.missing) main();
})();
