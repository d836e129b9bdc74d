// A login of one's own: asks a game server who the player is and answers "true" only to the player that the key is for.
// A session may be granted to whoever this action says yes to; it signs nothing itself.
(async () => {
  const answer = await fetch('https://game.example/api/me', { headers: { authorization: `Bearer ${gameToken}` } });
  if (!answer.ok) return Lit.Actions.setResponse({ response: 'false' });
  const player = await answer.json();
  const granted = player.banned === false && player.id === playerId;
  console.log(`player ${player.id}: ${granted}`);
  Lit.Actions.setResponse({ response: String(granted) });
})();
