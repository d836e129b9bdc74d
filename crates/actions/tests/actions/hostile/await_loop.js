// ends: limit_cpu
(async () => { for (;;) await 0; })();
