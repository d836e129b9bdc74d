// ends: limit_cpu limit_memory action_threw
Object.keys(new Proxy({}, { ownKeys: () => Array.from({ length: 1e7 }, (_, i) => 'k' + i) }));
