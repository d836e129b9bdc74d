// ends: limit_cpu
/^(?=(a+)+$)b/.test('a'.repeat(40) + '!');
