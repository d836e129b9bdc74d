// ends: limit_cpu
const s = '1'.repeat(1e6);
for (;;) JSON.parse(s);
