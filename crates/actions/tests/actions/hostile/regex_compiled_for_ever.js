// ends: limit_cpu limit_memory
for (let i = 1; ; i++) new RegExp('(a|' + i + ')*b{' + i + '}');
