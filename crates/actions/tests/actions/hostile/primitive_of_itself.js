// ends: action_threw limit_cpu
const o = { [Symbol.toPrimitive]() { return `${o}`; } };
o + '';
