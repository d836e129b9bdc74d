// ends: limit_cpu
[2, 1].sort(() => { for (;;); });
