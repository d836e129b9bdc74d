// ends: limit_cpu limit_memory
const never = new Promise(() => {});
(async () => { for (;;) await Promise.race([never, 0]); })();
