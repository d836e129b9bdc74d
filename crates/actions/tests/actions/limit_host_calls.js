// limits: host_calls=2
(async () => {
  for (;;) await fetch('https://host.test/json').catch(() => {});
})();
