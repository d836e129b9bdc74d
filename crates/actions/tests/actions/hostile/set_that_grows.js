// ends: limit_cpu limit_memory
const s = new Set([0]);
for (const x of s) s.add(x + 1);
