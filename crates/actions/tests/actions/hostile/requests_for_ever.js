// ends: limit_promises limit_fetches limit_host_calls
for (;;) fetch('https://host.test/json');
