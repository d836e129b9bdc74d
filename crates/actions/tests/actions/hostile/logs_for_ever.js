// ends: limit_logs
for (;;) console.log('x'.repeat(1000));
