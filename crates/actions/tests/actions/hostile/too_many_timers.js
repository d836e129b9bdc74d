// ends: limit_timers
for (;;) setTimeout(() => {}, 1e6);
