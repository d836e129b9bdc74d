// ends: limit_cpu
const r = /x*/y;
for (;;) { r.lastIndex = 0; r.exec('x'.repeat(1e5)); }
