// ends: limit_cpu limit_memory action_threw
const b = new ArrayBuffer(1, { maxByteLength: 2 ** 30 });
for (;;) { b.resize(Math.min(b.byteLength * 2, 2 ** 30)); new Uint8Array(b).fill(1); }
