// ends: limit_host_calls limit_total
setInterval(() => {}, 1000);
