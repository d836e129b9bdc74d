// ends: action_threw limit_cpu limit_memory
let s = '%';
for (;;) s = encodeURIComponent(s + s);
