// ends: limit_cpu limit_memory action_threw
Error.stackTraceLimit = 1e9;
(function f() { try { f(); } finally { for (let i = 0; i < 1e4; i++) new Error('x').stack; } })();
