// Checks a Sign-In-With-Ethereum message: domain, time, nonce form, and that the wallet named in it signed it.
// Only then does the key attest, as a personal message, that this wallet has logged in.
const DOMAIN = 'app.example';

const field = (text, name) => (text.match(new RegExp(`^${name}: (.+)$`, 'm')) || [])[1];

const go = async () => {
  const deny = (reason) => Lit.Actions.setResponse({ response: JSON.stringify({ ok: false, reason }) });
  const [first, address] = siweMessage.split('\n');
  if (first !== `${DOMAIN} wants you to sign in with your Ethereum account:`) return deny('domain');
  const now = Date.now();
  const [issued, expires] = ['Issued At', 'Expiration Time'].map((name) => Date.parse(field(siweMessage, name)));
  if (!(issued <= now + 60000 && now < expires && expires - issued <= 86400000)) return deny('time');
  if (!/^[A-Za-z0-9]{8,}$/.test(field(siweMessage, 'Nonce'))) return deny('nonce');
  let signer;
  try {
    signer = ethers.utils.verifyMessage(siweMessage, signature);
  } catch (error) {
    return deny('signature');
  }
  if (signer !== ethers.utils.getAddress(address)) return deny('signer');
  const message = `${DOMAIN}: ${signer} logged in at ${new Date(now).toISOString()}`;
  await Lit.Actions.ethPersonalSignMessageEcdsa({ message, publicKey, sigName: 'login' });
  Lit.Actions.setResponse({ response: JSON.stringify({ ok: true, address: signer }) });
};
go();
