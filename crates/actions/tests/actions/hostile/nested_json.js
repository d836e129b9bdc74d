// ends: action_threw limit_cpu limit_stack
let s = '['.repeat(1e6); JSON.parse(s);
