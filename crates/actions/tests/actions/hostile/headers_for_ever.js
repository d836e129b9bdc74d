// ends: limit_cpu limit_memory action_threw
fetch('https://host.test/json', { headers: (function* () { for (let i = 0; ; i++) yield ['a' + i, 'b']; })() });
for (;;);
