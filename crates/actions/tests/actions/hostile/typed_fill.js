// ends: limit_cpu
for (;;) new Float64Array(2e6).fill(1.5);
