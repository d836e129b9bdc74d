// ends: action_threw limit_cpu limit_memory
function* g() { yield* g(); } g().next();
