// ends: limit_cpu limit_memory action_threw
const d = new Uint8Array(5e6);
for (;;) ethers.utils.keccak256(d);
