(() => {
  async function main() {
    return 'the bundle gave it';
  }
  globalThis.main = main;
})();
