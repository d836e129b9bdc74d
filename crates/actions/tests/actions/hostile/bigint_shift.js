// ends: limit_cpu limit_memory action_threw
let n = 1n;
for (;;) n <<= n;
