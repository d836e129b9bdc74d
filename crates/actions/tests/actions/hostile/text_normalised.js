// ends: limit_cpu limit_memory action_threw
const s = '\ufdfa'.repeat(1e5);
for (;;) s.normalize('NFKD').normalize('NFC');
