// ends: limit_cpu action_threw
const b = new ArrayBuffer(1e6, { maxByteLength: 1e6 });
const a = new Uint8Array(b);
for (;;) a.sort(() => { b.resize(b.byteLength === 1e6 ? 1 : 1e6); return -1; });
