// ends: limit_cpu limit_memory
Array.from({ length: 2 ** 32 - 1 });
