// ends: limit_memory limit_cpu
const o = {}; for (let i = 0; ; i++) o['k' + i] = i;
