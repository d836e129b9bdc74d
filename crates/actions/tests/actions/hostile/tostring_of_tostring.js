// ends: action_threw
const o = { toString() { return `${this}`; } }; `${o}`;
