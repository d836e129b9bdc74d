// ends: limit_cpu limit_memory action_threw
const n = 7n ** 300_000n;
for (;;) n.toString(7);
