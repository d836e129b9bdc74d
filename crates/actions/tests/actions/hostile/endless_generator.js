// ends: limit_cpu limit_memory
[...(function* () { for (;;) yield {}; })()];
