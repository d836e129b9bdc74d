// ends: action_threw limit_cpu
const f = function () { return Reflect.construct(f, []); };
f();
