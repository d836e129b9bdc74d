// ends: action_threw limit_cpu limit_memory
const f = (s) => `${f(s)}${f(s)}`;
f('x');
