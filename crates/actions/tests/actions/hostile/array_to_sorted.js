// ends: limit_cpu limit_memory action_threw
const all = [];
for (;;) all.push(new Array(1e5).fill(1).toSorted());
