// A script may keep what it uses under the names that are there already.
const Lit = globalThis.Lit;
const { Actions } = Lit;
const LitActions = Actions, LitAuth = Lit.Auth;
let LitHeaders = 'its own';
class jwt {}
console.log(LitActions === globalThis.LitActions, LitAuth === globalThis.LitAuth, LitHeaders, typeof globalThis.LitHeaders, typeof jwt.sign);
