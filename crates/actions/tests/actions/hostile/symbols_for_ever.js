// ends: limit_memory limit_cpu
for (let i = 0; ; i++) Symbol.for('s' + i);
