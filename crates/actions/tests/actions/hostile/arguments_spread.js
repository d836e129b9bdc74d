// ends: action_threw limit_cpu limit_memory
Math.max(...new Array(1e8).fill(1));
