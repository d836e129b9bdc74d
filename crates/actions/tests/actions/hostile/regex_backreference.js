// ends: limit_cpu
/^(a*)*\1b$/.test('a'.repeat(40));
