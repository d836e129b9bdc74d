// limits: log_bytes=20
for (let i = 0; i < 10; i++) console.log('line', i);
