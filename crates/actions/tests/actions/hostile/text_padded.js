// ends: limit_cpu limit_memory action_threw
let s = 'x';
for (;;) s = s.padEnd(s.length * 2 + 1, s).padStart(s.length * 3);
