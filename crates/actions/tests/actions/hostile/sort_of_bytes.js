// ends: limit_cpu limit_memory
for (;;) new Uint8Array(4e7).fill(7).sort();
