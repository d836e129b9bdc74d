// ends: limit_cpu limit_memory action_threw
const all = [];
for (;;) all.push(BigInt.asUintN(2 ** 24, -1n));
