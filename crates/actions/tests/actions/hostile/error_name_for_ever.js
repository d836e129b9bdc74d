// ends: limit_cpu action_threw
const e = new Error('x');
Object.defineProperty(e, 'name', { get() { for (;;); } });
throw e;
