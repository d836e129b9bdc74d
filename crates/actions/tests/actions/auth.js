// auth: {"actionIpfsIdStack": ["QmThis"], "authSigAddress": "0xAbC", "resources": ["urn:a", "urn:b"]}
'use strict';
const tries = [
  () => Lit.Auth.actionIpfsIdStack.push('QmOther'),
  () => Lit.Auth.actionIpfsIds.push('QmOther'),
  () => { Lit.Auth.authSigAddress = '0x0'; },
  () => { Lit.Auth = {}; },
  () => { Lit = {}; },
  () => { Lit.Actions.signEcdsa = () => 'forged'; },
  () => { delete Lit.Auth.resources; },
];
for (const attempt of tries) {
  try {
    attempt();
    console.log('changed');
  } catch (error) {
    console.log(error.name);
  }
}
Lit.Actions.setResponse({ response: JSON.stringify([Lit.Auth, Lit.Auth === LitAuth, Lit.Auth.actionIpfsIds === Lit.Auth.actionIpfsIdStack, Lit.Actions === LitActions]) });
