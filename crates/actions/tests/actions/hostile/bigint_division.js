// ends: limit_cpu limit_memory action_threw
const a = 3n ** 400_000n, b = 7n ** 100_000n;
for (;;) a / b;
