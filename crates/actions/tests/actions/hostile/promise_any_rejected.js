// ends: limit_cpu limit_memory action_threw
Promise.any((function* () { for (;;) yield Promise.reject(0); })());
