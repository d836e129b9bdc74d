// ends: limit_cpu limit_memory
let s = '{';
for (let i = 0; i < 2e5; i++) s += '"k' + i + '":' + i + ',';
const all = [];
for (;;) all.push(JSON.parse(s + '"z":0}'));
