// ends: action_threw limit_cpu
const o = { [Symbol.iterator]() { return [...o]; } };
[...o];
