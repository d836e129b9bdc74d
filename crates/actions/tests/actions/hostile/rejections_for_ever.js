// ends: limit_cpu limit_memory
(async () => { for (;;) { Promise.reject(0); await 0; } })();
