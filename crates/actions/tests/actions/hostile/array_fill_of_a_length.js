// ends: limit_cpu limit_memory
Array.prototype.fill.call({ length: 2 ** 53 - 1 }, 0);
