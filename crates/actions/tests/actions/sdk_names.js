console.log(Object.keys(Lit.Actions).sort().join(' '));
console.log(Object.isFrozen(Lit.Actions), Object.isFrozen(Lit), LitActions === Lit.Actions, LitAuth === Lit.Auth, LitHeaders === Lit.Headers, Object.isFrozen(Lit.Headers));
try {
  'use strict';
  (() => { 'use strict'; Lit.Actions.signEcdsa = () => {}; })();
} catch (error) {
  console.log(error.name);
}
