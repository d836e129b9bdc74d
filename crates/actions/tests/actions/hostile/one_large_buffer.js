// ends: limit_memory action_threw
new Uint8Array(2 ** 31 - 1).fill(1);
