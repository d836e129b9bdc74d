// ends: limit_cpu limit_memory
const w = new WeakMap();
for (;;) w.set({}, new Array(100).fill(0));
