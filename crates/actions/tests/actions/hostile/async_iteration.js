// ends: limit_cpu
(async () => { for await (const x of (async function* () { for (;;) yield 1; })()); })();
