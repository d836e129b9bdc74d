// Gives every user of a forum a key of their own, by name: the key's address is known before the user has a wallet.
// The claim is attested by the nodes; minting it as a token is a separate transaction that shows the attestations.
const go = async () => {
  const answer = await fetch(`https://forum.example/api/session?token=${encodeURIComponent(sessionToken)}`);
  if (!answer.ok) {
    Lit.Actions.setResponse({ response: JSON.stringify({ claimed: false }) });
    return;
  }
  const { userId } = await answer.json();
  await Lit.Actions.claimKey({ keyId: `forum-user-${userId}` });
  Lit.Actions.setResponse({ response: JSON.stringify({ claimed: true, userId }) });
};
go();
