// ends: limit_cpu limit_memory
const endless = { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: {} }) }) };
const [...all] = endless;
