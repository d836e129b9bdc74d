// ends: limit_cpu limit_memory action_threw
const s = '\ud800'.repeat(2e6);
for (;;) new TextEncoder().encode(s);
