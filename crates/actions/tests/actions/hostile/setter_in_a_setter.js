// ends: action_threw
Object.defineProperty(Array.prototype, '0', { set(v) { this[0] = v; } }); [][0] = 1;
