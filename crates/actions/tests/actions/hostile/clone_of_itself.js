// ends: limit_cpu limit_memory action_threw
const a = [];
a.push(a);
for (;;) structuredClone(a);
