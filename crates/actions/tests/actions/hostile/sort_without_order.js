// ends: limit_cpu
const a = Array.from({ length: 1e4 }, (_, i) => i);
for (;;) a.sort(() => Math.random() - 0.5);
