// ends: limit_cpu
while (1);
