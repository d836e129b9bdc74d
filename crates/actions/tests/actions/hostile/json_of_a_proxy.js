// ends: action_threw limit_cpu limit_memory
JSON.stringify(new Proxy([], { get: (_, key) => (key === 'length' ? 2 ** 32 : 1) }));
