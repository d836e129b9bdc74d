// ends: limit_cpu
/^(\p{L}+)+$/u.test('é'.repeat(40) + '!');
