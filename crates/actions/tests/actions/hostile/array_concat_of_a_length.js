// ends: limit_cpu limit_memory action_threw
[].concat({ length: 2 ** 32 - 2, [Symbol.isConcatSpreadable]: true });
for (;;);
