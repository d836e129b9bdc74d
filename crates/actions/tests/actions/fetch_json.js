(async () => {
  const answer = await fetch('https://host.test/json');
  console.log(answer.ok, answer.status, answer.url, answer.headers.get('Content-Type'), answer.headers.get('absent'));
  console.log([...answer.headers], answer.bodyUsed);
  console.log(await answer.json(), answer.bodyUsed);
  await answer.text();
})();
