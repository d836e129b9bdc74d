(async () => {
  const post = { method: 'post', headers: { 'X-One': ' 1 ', accept: 'a' }, body: JSON.stringify({ é: '✓' }) };
  console.log(await (await fetch('https://host.test/echo', post)).text());
  const put = { method: 'PUT', headers: [['a', 'b'], ['a', 'c']], body: new Uint8Array([104, 105]) };
  console.log(await (await fetch(new String('https://host.test/echo'), put)).text());
  console.log(await (await fetch('https://host.test/echo', { headers: new Headers({ B: 'x' }) })).text());
  console.log(new Uint8Array(await (await fetch('https://host.test/bytes')).arrayBuffer()));
  const missing = await fetch('https://host.test/missing');
  console.log(missing.ok, missing.status, await missing.text());
  await fetch('https://host.test/json', { body: 'x' });
})();
