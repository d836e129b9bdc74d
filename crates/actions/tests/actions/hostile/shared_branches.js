// ends: limit_cpu limit_memory action_threw
let a = []; for (let i = 0; i < 40; i++) a = [a, a]; JSON.stringify(a);
