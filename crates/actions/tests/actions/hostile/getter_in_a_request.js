// ends: limit_cpu action_threw
fetch('https://host.test/json', { get method() { for (;;); }, get headers() { for (;;); } });
