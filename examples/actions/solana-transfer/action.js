// Solana: builds the message of a transfer and asks for an Ed25519 signature on it.
// Ed25519 is not there yet: the action says so in its response instead of failing, and signs nothing.
const fromBase58 = (text) => Lit.Actions.uint8arrayFromString(text, 'base58btc');
const le = (number, bytes) => Array.from({ length: bytes }, (_, at) => Number((BigInt(number) >> BigInt(8 * at)) & 255n));

const go = async () => {
  const accounts = [from, to, '11111111111111111111111111111111'].map(fromBase58);
  if (accounts.some((account) => account.length !== 32)) throw new Error('an account has 32 bytes');
  const data = [...le(2, 4), ...le(lamports, 8)];
  // One signature, nothing read-only among signers, one read-only account; one instruction of the system program.
  const message = Uint8Array.from([
    1, 0, 1, accounts.length, ...accounts.flatMap((account) => [...account]), ...fromBase58(recentBlockhash),
    1, 2, 2, 0, 1, data.length, ...data,
  ]);
  let signed;
  try {
    await Lit.Actions.sign({ toSign: message, publicKey, sigName: 'transfer', signingScheme: 'SchnorrEd25519Sha512' });
    signed = true;
  } catch (error) {
    if (error.code !== 'not_supported') throw error;
    signed = false;
  }
  Lit.Actions.setResponse({ response: JSON.stringify({ signed, message: Lit.Actions.uint8arrayToString(message, 'base64') }) });
};
go();
