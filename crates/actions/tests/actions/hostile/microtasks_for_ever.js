// ends: limit_cpu action_threw
const f = () => queueMicrotask(f);
f();
