// ends: action_threw limit_cpu
const f = () => 'x'.replace(/x/, f);
f();
