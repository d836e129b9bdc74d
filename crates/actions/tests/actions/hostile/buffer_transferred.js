// ends: limit_cpu limit_memory action_threw
let b = new ArrayBuffer(1e7);
for (;;) b = b.transfer(b.byteLength + 4096);
