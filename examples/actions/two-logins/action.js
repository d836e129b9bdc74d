// Two of two: signs only if the caller has shown two different ways to log in that are permitted for this key.
// Neither way has a scope of its own, so a stolen phone or a stolen mail account alone can do nothing.
const go = async () => {
  const tokenId = Lit.Actions.pubkeyToTokenId({ publicKey });
  const kinds = new Set();
  for (const { authMethodType, userId, expiration } of Lit.Auth.authMethodContexts) {
    if (expiration <= Date.now() / 1000) continue;
    const permitted = await Lit.Actions.isPermittedAuthMethod({
      tokenId,
      authMethodType,
      userId: ethers.utils.arrayify(userId),
    });
    if (permitted) kinds.add(authMethodType);
  }
  if (kinds.size < 2) {
    Lit.Actions.setResponse({ response: JSON.stringify({ signed: false, shown: [...kinds] }) });
    return;
  }
  await Lit.Actions.signEcdsa({ toSign: ethers.utils.arrayify(digest), publicKey, sigName: 'both' });
  Lit.Actions.setResponse({ response: JSON.stringify({ signed: true, shown: [...kinds] }) });
};
go();
