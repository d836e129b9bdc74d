// ends: action_threw limit_memory limit_cpu
let f = () => 0; for (let i = 0; i < 1e5; i++) f = f.bind(null); f();
