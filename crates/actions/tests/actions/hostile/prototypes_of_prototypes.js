// ends: limit_cpu limit_memory action_threw
let o = {};
for (let i = 0; i < 1e5; i++) o = Object.create(o);
for (;;) o.x;
