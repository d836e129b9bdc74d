// Proof of age: an issuer has signed (EIP-712) that the holder was born before a day, without saying on which.
// Signs only for the wallet named in the credential, and only if that day is at least 18 years ago.
const ISSUER = '0x8A1c2D172B0b82A4Eb11F685D51782b6De17baE0';
const DOMAIN = { name: 'Example ID', version: '1' };
const TYPES = {
  AgeCredential: [
    { name: 'subject', type: 'address' },
    { name: 'bornBefore', type: 'string' },
    { name: 'issued', type: 'string' },
  ],
};

(async () => {
  const deny = (reason) => Lit.Actions.setResponse({ response: JSON.stringify({ open: false, reason }) });
  if (ethers.utils.verifyTypedData(DOMAIN, TYPES, credential, proof) !== ISSUER) return deny('issuer');
  if (Lit.Auth.authSigAddress !== credential.subject) return deny('subject');
  const adult = new Date(Date.now());
  adult.setUTCFullYear(adult.getUTCFullYear() - 18);
  if (!(Date.parse(credential.bornBefore) <= adult.getTime())) return deny('age');
  await Lit.Actions.signEcdsa({ toSign: ethers.utils.arrayify(digest), publicKey, sigName: 'entry' });
  Lit.Actions.setResponse({ response: JSON.stringify({ open: true }) });
})();
