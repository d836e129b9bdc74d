// ends: limit_cpu limit_memory
Promise.all((function* () { for (;;) yield 1; })());
