// What the network gives an action cannot be taken out of its world.
'use strict';
const tried = {
  Lit: () => delete globalThis.Lit, LitActions: () => delete globalThis.LitActions, LitAuth: () => delete globalThis.LitAuth,
  LitHeaders: () => delete globalThis.LitHeaders, member: () => delete Lit.Actions, function: () => delete Lit.Actions.signEcdsa,
  set: () => { globalThis.Lit = {}; },
};
for (const [name, attempt] of Object.entries(tried)) {
  try {
    attempt();
    console.log(name, 'done');
  } catch (error) {
    console.log(name, error.name);
  }
}
console.log(typeof Lit.Actions.signEcdsa, typeof LitActions.signEcdsa);
