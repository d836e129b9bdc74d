// ends: limit_cpu limit_memory action_threw
for (;;) BigInt('9'.repeat(1e6));
