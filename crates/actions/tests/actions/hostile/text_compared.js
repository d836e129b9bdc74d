// ends: limit_cpu
const a = 'x'.repeat(1e6), b = 'x'.repeat(1e6 - 1) + 'y';
for (;;) a.localeCompare(b);
