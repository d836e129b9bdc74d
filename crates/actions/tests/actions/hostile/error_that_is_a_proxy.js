// ends: limit_cpu action_threw
throw new Proxy({}, { get() { for (;;); }, getPrototypeOf() { for (;;); } });
