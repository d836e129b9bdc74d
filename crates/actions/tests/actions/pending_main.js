async function main() {
  await fetch('https://host.test/json');
  return new Promise(() => {});
}
