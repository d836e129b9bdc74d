// ends: limit_cpu limit_memory action_threw
String.raw({ raw: { length: 2 ** 53 - 1 } });
