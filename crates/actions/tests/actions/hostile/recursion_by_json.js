// ends: action_threw limit_cpu
const f = () => JSON.stringify({ get a() { return f(); } });
f();
