// ends: limit_cpu limit_memory action_threw
'x'.repeat(1e6).replace(/x/g, () => 'y'.repeat(1e4));
