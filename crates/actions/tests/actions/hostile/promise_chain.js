// ends: limit_cpu
const f = () => Promise.resolve().then(f); f();
