(() => {
  async function main() {
    console.log('main runs');
  }
  globalThis.main = main;
  main();
})();
