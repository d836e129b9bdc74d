// ends: limit_cpu limit_memory action_threw
let n = 3n; for (;;) n *= n;
