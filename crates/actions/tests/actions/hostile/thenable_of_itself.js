// ends: limit_cpu
const t = { then(resolve) { resolve(t); } };
Promise.resolve(t);
