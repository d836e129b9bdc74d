// params: {"who": "world"}
async function main({ who, publicKey, toSign = [], ...rest }) {
  // Neither what everything is asked for, nor what is given later, is missing.
  JSON.stringify(jsParams);
  'again' in jsParams;
  jsParams.later = 1;
  if (jsParams.toString() !== '[object Object]' || Object.keys(jsParams).join() !== 'who,later') throw new Error('changed');
  await jsParams;
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: who });
}
