// ends: limit_cpu
const a = [];
a.length = 2 ** 32 - 1;
for (;;) a.lastIndexOf(1);
