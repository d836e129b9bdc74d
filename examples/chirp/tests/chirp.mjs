// What tests of a running Chirp begin with, and one test.
export async function chirp(address) {
  const config = await (await fetch(new URL('config.json', address))).json();
  return { config, network: await (await fetch(new URL(config.network, address))).json() };
}

export async function test(name, act) {
  const begun = performance.now();
  try { await act(); } catch (error) {
    console.error(`FAILED: ${name}`);
    throw error;
  }
  console.error(`ok ${((performance.now() - begun) / 1000).toFixed(1)} s: ${name}`);
}
