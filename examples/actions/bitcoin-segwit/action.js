// Bitcoin: spends a P2WPKH output. Builds the BIP-143 signature hash of each input and puts the witnesses in place.
// One recipient, change back to the key, and a ceiling for the fee; the answer is the raw transaction to broadcast.
const le = (number, bytes) => Uint8Array.from({ length: bytes }, (_, at) => Number((BigInt(number) >> BigInt(8 * at)) & 255n));
const concat = (...parts) => ethers.utils.arrayify(ethers.utils.concat(parts));
const sha256d = (bytes) => ethers.utils.arrayify(ethers.utils.sha256(ethers.utils.sha256(bytes)));
const hash160 = (bytes) => ethers.utils.arrayify(ethers.utils.ripemd160(ethers.utils.sha256(bytes)));
const withLength = (bytes) => concat([bytes.length], bytes);

// A signature as Bitcoin wants it: DER, numbers without leading zeros, and the hash type behind it.
const derInteger = (hex) => {
  let bytes = ethers.utils.stripZeros('0x' + hex);
  if (bytes[0] >= 0x80) bytes = concat([0], bytes);
  return concat([2, bytes.length], bytes);
};
const der = ({ r, s }) => {
  const body = concat(derInteger(r.substring(2)), derInteger(s));
  return concat([0x30, body.length], body, [1]);
};

const go = async () => {
  const key = ethers.utils.arrayify(ethers.utils.computePublicKey(publicKey, true));
  const own = concat([0, 20], hash160(key));
  const total = inputs.reduce((sum, input) => sum + input.satoshi, 0);
  const change = total - amount - fee;
  if (fee > 5000 || amount <= 0 || change < 0) throw new Error('amounts do not add up');
  const outpoint = (input) => concat(ethers.utils.arrayify('0x' + input.txid).reverse(), le(input.vout, 4));
  const sequence = le(0xfffffffd, 4);
  const outputs = [[amount, ethers.utils.arrayify(recipientScript)], [change, own]]
    .filter(([value]) => value > 0)
    .map(([value, script]) => concat(le(value, 8), withLength(script)));
  const hashPrevouts = sha256d(concat(...inputs.map(outpoint)));
  const hashSequence = sha256d(concat(...inputs.map(() => sequence)));
  const hashOutputs = sha256d(concat(...outputs));
  const witnesses = [];
  for (let at = 0; at < inputs.length; at++) {
    const scriptCode = concat([0x19, 0x76, 0xa9, 0x14], hash160(key), [0x88, 0xac]);
    const preimage = concat(le(2, 4), hashPrevouts, hashSequence, outpoint(inputs[at]), scriptCode,
      le(inputs[at].satoshi, 8), sequence, hashOutputs, le(0, 4), le(1, 4));
    const sig = await Lit.Actions.signAndCombineEcdsa({ toSign: sha256d(preimage), publicKey, sigName: `input${at}` });
    witnesses.push(concat([2], withLength(der(JSON.parse(sig))), withLength(key)));
  }
  const raw = concat(le(2, 4), [0, 1], [inputs.length], ...inputs.map((input) => concat(outpoint(input), [0], sequence)),
    [outputs.length], ...outputs, ...witnesses, le(0, 4));
  Lit.Actions.setResponse({ response: JSON.stringify({ raw: ethers.utils.hexlify(raw).slice(2), change }) });
};
go();
