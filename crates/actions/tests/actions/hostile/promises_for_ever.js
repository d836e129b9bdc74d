// ends: limit_cpu limit_memory
for (;;) Promise.resolve().then(() => {});
