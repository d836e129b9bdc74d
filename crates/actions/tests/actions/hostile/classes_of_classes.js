// ends: limit_cpu limit_memory action_threw
let C = class {};
for (;;) C = class extends C {};
