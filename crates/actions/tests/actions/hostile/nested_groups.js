// ends: action_threw limit_cpu limit_stack
new RegExp('(?:'.repeat(1e5) + ')'.repeat(1e5));
