// ends: limit_cpu
const s = '9'.repeat(1e5);
for (;;) Date.parse(s);
