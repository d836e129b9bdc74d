// ends: limit_cpu limit_memory action_threw
const p = new URLSearchParams();
for (let i = 0; ; i++) p.append('k' + i, 'v'.repeat(1000));
