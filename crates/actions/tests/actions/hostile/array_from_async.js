// ends: limit_cpu limit_memory
Array.fromAsync((async function* () { for (;;) yield {}; })());
