// ends: limit_cpu limit_memory action_threw
let a = {};
for (let i = 0; i < 1e5; i++) a = { a };
for (;;) structuredClone(a);
