// Signs a digest for callers whose wallet stands on a list, and answers "no" to everybody else.
// The list is part of the code, so it is part of the CID: whoever changes it has an action without a grant.
const ALLOWED = [
  '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
  '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC',
].map((address) => address.toLowerCase());

(async () => {
  const caller = Lit.Auth.authSigAddress;
  if (!caller || !ALLOWED.includes(caller.toLowerCase())) {
    Lit.Actions.setResponse({ response: JSON.stringify({ signed: false, reason: 'not on the list', caller }) });
    return;
  }
  await Lit.Actions.signEcdsa({ toSign: ethers.utils.arrayify(digest), publicKey, sigName: 'sig' });
  Lit.Actions.setResponse({ response: JSON.stringify({ signed: true, caller }) });
})();
