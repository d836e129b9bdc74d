// ends: limit_cpu limit_memory
const all = [];
const f = () => { all.push(new Array(1e5).fill(0)); setTimeout(f, 1); };
f();
