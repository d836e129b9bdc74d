// ends: limit_cpu
const f = () => setTimeout(f, 0); f();
