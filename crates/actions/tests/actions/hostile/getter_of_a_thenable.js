// ends: limit_cpu
const t = { get then() { return (resolve) => resolve(t); } }; (async () => { await t; })();
