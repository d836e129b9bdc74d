// ends: limit_cpu limit_memory action_threw
const o = { length: 2 ** 53 - 2 };
Array.prototype.splice.call(o, 0, 1);
