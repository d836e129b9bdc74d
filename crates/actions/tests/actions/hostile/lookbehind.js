// ends: limit_cpu
/(?<=(x+x+)+y)z/.test('x'.repeat(5000) + 'z'); for (;;);
