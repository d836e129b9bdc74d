(async () => {
  for (const [url, init] of [['https://a/' + 'x'.repeat(10000)], ['https://a', { method: 'NOT A METHOD' }], ['https://a', { headers: Array(200).fill(['a', 'b']) }]]) {
    await fetch(url, init).catch((error) => console.log(error.name, error.message));
  }
  const many = (count, value) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, value]));
  for (const init of [{ headers: many(65, '') }, { headers: many(2, 'x'.repeat(8192)) }, { method: 'POST', body: new Uint8Array((1 << 20) + 1) }]) {
    await fetch('https://host.test/json', init).catch((error) => console.log(error.name, error.code, error.message));
  }
  const most = { method: 'POST', headers: many(63, ''), body: new Uint8Array(1 << 20) };
  console.log((await fetch('https://host.test/json', most)).status);
})();
