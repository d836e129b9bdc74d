// ends: limit_cpu action_threw
const p = new Proxy({}, { has(_, key) { return key in p; } });
'x' in p;
for (;;);
