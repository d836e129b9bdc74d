// The host answers the newest call first; the script sees the order in which it asked.
(async () => {
  const seen = [];
  await Promise.all([3, 1, 2].map(async (n) => {
    const answer = await fetch(`https://host.test/slow/${n}`);
    seen.push(await answer.text());
  }));
  Lit.Actions.setResponse({ response: seen.join(' ') });
})();
