// ends: limit_cpu
const a = new Uint8Array(2e7);
for (;;) a.set(a.subarray(1));
