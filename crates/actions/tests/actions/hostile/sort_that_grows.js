// ends: limit_cpu limit_memory action_threw
const a = [3, 2, 1];
for (;;) a.sort((x, y) => { a.push(1, 2, 3); return x - y; });
