// ends: limit_cpu limit_memory action_threw
for (;;) BigInt('0x' + 'f'.repeat(4e6));
