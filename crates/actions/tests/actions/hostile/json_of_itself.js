// ends: action_threw limit_cpu limit_memory
const o = { toJSON() { return { o }; } };
JSON.stringify(o);
