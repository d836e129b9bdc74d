// ends: limit_cpu limit_memory action_threw
'a'.repeat(1e6).replaceAll('', 'x'.repeat(1e4));
