// Says who may use a key, as the registry has it at the block that the request names; signs nothing.
// The receipt makes it evidence: enough nodes have seen the same list at the same block.
const go = async () => {
  const tokenId = Lit.Actions.pubkeyToTokenId({ publicKey });
  const [actions, addresses, authMethods, ownAction] = await Promise.all([
    Lit.Actions.getPermittedActions({ tokenId }),
    Lit.Actions.getPermittedAddresses({ tokenId }),
    Lit.Actions.getPermittedAuthMethods({ tokenId }),
    Lit.Actions.isPermittedAction({ tokenId, ipfsId: Lit.Auth.actionIpfsIdStack[0] }),
  ]);
  const scopes = [];
  for (const { auth_method_type, id } of authMethods) {
    const has = await Lit.Actions.getPermittedAuthMethodScopes({
      tokenId, authMethodType: auth_method_type, userId: ethers.utils.arrayify(id), maxScopeId: 5,
    });
    scopes.push(has.flatMap((is, scope) => is ? [scope] : []));
  }
  Lit.Actions.setResponse({ response: JSON.stringify({ actions, addresses, authMethods: authMethods.length, scopes, ownAction }) });
};
go();
