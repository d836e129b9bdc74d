// limits: pending=2
for (let i = 0; i < 3; i++) fetch('https://host.test/json').catch(() => {});
