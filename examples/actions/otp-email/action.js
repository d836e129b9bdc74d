// A one-time code by e-mail, checked by a provider's API: one node asks, because a code can be used once only.
// The receipt marks the answer as one node's word; a grant can forbid that (scope NoSingleNode) where it is not enough.
const go = async () => {
  const status = await Lit.Actions.runOnce({ waitForResponse: true, name: 'check-code' }, async () => {
    const answer = await fetch('https://otp.example/v1/check', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Request': requestId },
      body: JSON.stringify({ email, code }),
    });
    if (answer.status === 429) throw new Error('too many attempts');
    return (await answer.json()).status;
  });
  if (status !== 'approved') {
    Lit.Actions.setResponse({ response: JSON.stringify({ ok: false, status }) });
    return;
  }
  const message = `${email} at ${new Date(Date.now()).toISOString().slice(0, 10)}: ${statement}`;
  await Lit.Actions.ethPersonalSignMessageEcdsa({ message, publicKey, sigName: 'statement' });
  Lit.Actions.setResponse({ response: JSON.stringify({ ok: true, message }) });
};
go();
