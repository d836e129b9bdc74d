// ends: limit_cpu limit_memory
const o = {};
for (let i = 0; ; i++) Object.assign(o, { ['a' + i]: { ['b' + i]: i } });
