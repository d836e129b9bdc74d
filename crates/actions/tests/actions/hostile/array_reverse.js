// ends: limit_cpu
Array.prototype.reverse.call({ length: 2 ** 53 - 1 });
