// ends: limit_cpu
Lit.Actions.signEcdsa({ get toSign() { for (;;); }, publicKey: '02' + '11'.repeat(32), sigName: 'a' });
