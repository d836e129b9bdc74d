// ends: limit_cpu
const p = new Proxy({}, { getPrototypeOf: () => p });
Object.prototype.isPrototypeOf.call({}, p);
