// ends: action_threw limit_cpu limit_memory
const f = ([head, ...tail]) => f([head, head, ...tail]);
f([1]);
