// ends: limit_cpu action_threw limit_memory limit_stack
let g = (function* () { for (;;) yield 1; })();
for (let i = 0; i < 1e4; i++) g = (function* (inner) { yield* inner; })(g);
for (const x of g);
