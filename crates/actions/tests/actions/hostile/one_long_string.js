// ends: limit_memory action_threw
const s = 'x'.repeat(2 ** 29); s + s;
