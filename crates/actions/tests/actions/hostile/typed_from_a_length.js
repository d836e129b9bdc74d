// ends: limit_cpu limit_memory action_threw
Uint8Array.from({ length: 2 ** 31 - 1 }, () => 1);
