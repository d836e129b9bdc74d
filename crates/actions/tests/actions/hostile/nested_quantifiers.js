// ends: limit_cpu
/^(a+)+$/.test('a'.repeat(41) + 'b');
