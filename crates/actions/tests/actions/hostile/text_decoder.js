// ends: limit_cpu limit_memory action_threw
const b = new Uint8Array(5e6).fill(0xff);
for (;;) new TextDecoder().decode(b);
