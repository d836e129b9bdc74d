// ends: limit_cpu limit_memory action_threw
for (;;) Buffer.from(Buffer.alloc(3e6).toString('hex'), 'hex');
