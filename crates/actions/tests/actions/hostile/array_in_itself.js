// ends: action_threw limit_memory limit_cpu
const a = []; a.push(a, a); a.flat(Infinity);
