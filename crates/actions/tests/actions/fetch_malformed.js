(async () => {
  for (const [url, init] of [['https://a/' + 'x'.repeat(10000)], ['https://a', { method: 'NOT A METHOD' }], ['https://a', { headers: Array(200).fill(['a', 'b']) }]]) {
    await fetch(url, init).catch((error) => console.log(error.name, error.message));
  }
})();
