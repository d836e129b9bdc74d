// ends: limit_cpu limit_memory action_threw
let s = 'ab';
for (;;) s = s.split('').join(s);
