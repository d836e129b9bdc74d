// ends: action_threw limit_memory limit_cpu
const a = new Array(65000).fill(0); (function f() { f(...a); })(...a);
