// ends: action_threw limit_memory limit_cpu
(async function f() { await f(); })();
