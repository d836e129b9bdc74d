// ends: limit_cpu limit_memory action_threw
(3n ** 9_000_000n).toString();
