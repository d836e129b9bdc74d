// ends: limit_cpu limit_memory
Object.groupBy((function* () { for (let i = 0; ; i++) yield i; })(), (x) => 'k' + x);
