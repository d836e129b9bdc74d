// ends: action_threw limit_cpu limit_memory
let a = [];
for (let i = 0; i < 1e5; i++) a = [a];
JSON.stringify(a, null, '          ');
