async function main() {
  return import('viem').catch((error) => `${error.name}: ${error.message}`);
}
