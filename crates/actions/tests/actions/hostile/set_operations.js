// ends: limit_cpu limit_memory action_threw
let s = new Set([0]);
for (let i = 1; ; i *= 2) s = s.union(new Set(Array.from({ length: i }, (_, n) => n + i)));
