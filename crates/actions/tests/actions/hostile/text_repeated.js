// ends: limit_cpu limit_memory action_threw
let s = 'x';
for (;;) { s = s.repeat(10); s.charCodeAt(1); }
