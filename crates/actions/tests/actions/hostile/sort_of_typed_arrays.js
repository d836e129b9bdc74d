// ends: limit_cpu
const a = new Float64Array(1e6);
for (;;) a.sort((x, y) => y - x || 1);
