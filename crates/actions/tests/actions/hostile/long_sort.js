// ends: limit_cpu limit_memory
new Array(5e7).fill(0).map((_, i) => -i).sort((a, b) => a - b);
