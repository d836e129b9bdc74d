// ends: limit_cpu
const s = 'a'.repeat(1e6), t = 'a'.repeat(5e5) + 'b';
for (;;) s.indexOf(t);
