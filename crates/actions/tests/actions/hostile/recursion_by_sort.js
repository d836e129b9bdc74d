// ends: action_threw limit_cpu
const f = () => [1, 2].sort(f);
f();
