// ends: limit_cpu limit_memory action_threw
const all = [];
for (;;) all.push(...'x'.repeat(1e4).matchAll(/x/g));
