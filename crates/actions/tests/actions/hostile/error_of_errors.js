// ends: limit_cpu limit_memory action_threw
throw new AggregateError((function* () { for (;;) yield new Error('x'); })());
