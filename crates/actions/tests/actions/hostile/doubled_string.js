// ends: action_threw limit_memory
let s = 'x'; for (;;) { s += s; s.charCodeAt(0); }
