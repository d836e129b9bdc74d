// ends: limit_cpu
JSON.parse('[' + '0,'.repeat(1e4) + '0]', () => { for (;;); });
