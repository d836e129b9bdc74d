// ends: limit_cpu
(function f() { try { f(); } finally { f(); } })();
