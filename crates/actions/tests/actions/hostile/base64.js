// ends: limit_cpu limit_memory action_threw
const s = 'x'.repeat(3e6);
for (;;) atob(btoa(s));
