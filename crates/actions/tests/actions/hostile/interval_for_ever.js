// ends: limit_cpu
setInterval(() => {}, 1000);
