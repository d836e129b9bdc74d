// ends: limit_cpu limit_memory action_threw
let s = 'ß';
for (;;) s = (s + s).toUpperCase();
