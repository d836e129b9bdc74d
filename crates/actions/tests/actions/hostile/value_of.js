// ends: limit_cpu
+{ valueOf() { for (;;); } };
