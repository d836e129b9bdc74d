// ends: limit_cpu action_threw
/(?:a{1,1000}){1,1000}b/.test('a'.repeat(1e5));
for (;;);
