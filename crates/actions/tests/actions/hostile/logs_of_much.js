// ends: limit_logs limit_cpu limit_memory action_threw
let a = [];
for (let i = 0; i < 30; i++) a = [a, a];
console.log(a);
for (;;);
