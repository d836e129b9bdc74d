// ends: limit_logs limit_cpu action_threw
const a = [];
a.push(a, a);
for (;;) console.log(a);
