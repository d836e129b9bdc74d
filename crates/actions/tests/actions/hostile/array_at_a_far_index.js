// ends: limit_cpu limit_memory action_threw
const all = [];
for (let i = 0; ; i++) { const a = []; a[4e9 - i] = i; a.push(i); all.push(a); }
