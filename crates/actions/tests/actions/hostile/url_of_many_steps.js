// ends: limit_cpu limit_memory action_threw
for (;;) new URL('http://host.test/' + 'a/../'.repeat(1e5));
