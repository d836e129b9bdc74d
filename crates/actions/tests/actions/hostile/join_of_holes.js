// ends: limit_cpu limit_memory
const a = []; a.length = 4e8; a.join('x');
