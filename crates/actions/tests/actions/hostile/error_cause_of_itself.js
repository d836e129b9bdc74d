// ends: action_threw
const e = new Error('x');
e.cause = e;
throw e;
