// Signs a text as wallets do (EIP-191), so that any website can check who said it.
// The grant needs the scope `personal-sign` only: this key can never sign a transaction through this action.
const go = async () => {
  if (typeof message !== 'string' || message.length > 280) {
    Lit.Actions.setResponse({ response: JSON.stringify({ error: 'a message has at most 280 characters' }) });
    return;
  }
  await Lit.Actions.ethPersonalSignMessageEcdsa({ message, publicKey, sigName: 'greeting' });
  Lit.Actions.setResponse({ response: JSON.stringify({ signed: message }) });
};
go();
