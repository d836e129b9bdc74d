// Asks a server with an API key that opens in this action and nowhere else; one byte more in this file, and it opens no longer.
// `quorate encrypt key.txt --lit --to-action action.js` gives the parameters `ciphertext` and `dataToEncryptHash`.
const ownCid = () => Lit.Auth.actionIpfsIdStack[Lit.Auth.actionIpfsIdStack.length - 1];

const onlyThisAction = () => [{
  conditionType: 'evmBasic',
  contractAddress: '',
  standardContractType: '',
  chain: 'quorate',
  method: '',
  parameters: [':currentActionIpfsId'],
  returnValueTest: { comparator: '=', value: ownCid() },
}];

const go = async () => {
  const apiKey = await Lit.Actions.decryptAndCombine({
    accessControlConditions: onlyThisAction(),
    ciphertext,
    dataToEncryptHash,
    authSig: null,
    chain: 'quorate',
  });
  // One node asks, so that the server is asked once; the key goes into the header and into no response.
  const answer = await Lit.Actions.runOnce({ waitForResponse: true, name: 'ask' }, async () => {
    const response = await fetch(url, { headers: { authorization: `Bearer ${apiKey}` } });
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    const { balance } = await response.json();
    return JSON.stringify({ balance });
  });
  Lit.Actions.setResponse({ response: answer });
};
go();
