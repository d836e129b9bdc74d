// Draws inputs from a seed and says what ethers makes of them. It runs in an action and in Node with the
// unchanged library; both must say the same.

const { utils, Wallet } = ethers;

let state = 0x9e3779b9;
function below(n) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}
const random = (length) => Uint8Array.from({ length }, () => below(256));
const data = () => random(below(4) === 0 ? below(4) : below(300));

// A result, or that there is none: texts of errors are each library's own.
function attempt(act) {
  try {
    return act();
  } catch {
    return 'none';
  }
}

async function main() {
  const lines = [];
  for (let round = 0; round < 24; round++) {
    const message = data();
    const key = new utils.SigningKey(random(32));
    const other = new utils.SigningKey(random(32));
    const digest = utils.keccak256(message);
    const signature = key.signDigest(digest);
    const spoiled = { r: utils.hexlify(random(32)), s: signature.s, recoveryParam: signature.recoveryParam };
    lines.push(
      digest,
      utils.sha256(message),
      utils.sha512(message),
      utils.ripemd160(message),
      utils.computeHmac('sha256', data(), message),
      utils.computeHmac('sha512', data(), message),
      key.publicKey,
      key.compressedPublicKey,
      utils.joinSignature(signature),
      utils.recoverPublicKey(digest, signature),
      attempt(() => utils.recoverPublicKey(digest, spoiled)),
      attempt(() => utils.recoverAddress(digest, { r: signature.r, s: signature.s, recoveryParam: 1 - signature.recoveryParam })),
      utils.computePublicKey(key.publicKey, true),
      utils.computePublicKey(key.compressedPublicKey),
      utils.computePublicKey(key.privateKey, true),
      attempt(() => utils.computePublicKey(random(33))),
      key.computeSharedSecret(other.publicKey),
      key.computeSharedSecret(other.compressedPublicKey),
      key._addPoint(other.publicKey),
      utils.verifyMessage(message, utils.joinSignature(key.signDigest(utils.hashMessage(message)))),
    );
  }

  const node = utils.HDNode.fromMnemonic('test test test test test test test test test test test junk');
  const child = node.derivePath("m/44'/60'/0'/0");
  for (let index = 0; index < 4; index++) lines.push(child.derivePath(String(index)).address, child.neuter().derivePath(String(index)).address);
  const wallet = new Wallet(node.privateKey);
  const types = { Mail: [{ name: 'to', type: 'address' }, { name: 'text', type: 'string' }, { name: 'n', type: 'uint256[]' }] };
  const mail = { to: wallet.address, text: 'hello', n: [1, 2, 3] };
  const domain = { name: 'Test', version: '1', chainId: 1, verifyingContract: child.address };
  lines.push(await wallet._signTypedData(domain, types, mail));
  lines.push(await wallet.signTransaction({ to: child.address, nonce: 3, gasLimit: 21000, gasPrice: 7, value: 12345, chainId: 5 }));
  lines.push(await wallet.signTransaction({ type: 2, to: child.address, nonce: 3, gasLimit: 21000, maxFeePerGas: 7, maxPriorityFeePerGas: 1, chainId: 5 }));
  const file = await wallet.encrypt('password', {
    scrypt: { N: 64, r: 8, p: 1 }, iv: random(16), salt: random(32), uuid: random(16),
  });
  lines.push(JSON.stringify(JSON.parse(file).crypto ?? JSON.parse(file).Crypto), (await Wallet.fromEncryptedJson(file, 'password')).address);
  lines.push(await Wallet.fromEncryptedJson(file, 'wrong').then(() => 'opened', () => 'refused'));
  const abi = new utils.Interface(['function f(tuple(uint256 a, bytes b)[] x, string s) returns (int128)']);
  lines.push(abi.encodeFunctionData('f', [[{ a: 1, b: '0x1234' }, { a: 2, b: '0x' }], 'text']), abi.getSighash('f'));
  lines.push(utils.getCreate2Address(wallet.address, utils.id('salt'), utils.id('code')), utils.namehash('a.b.eth'));
  lines.push(utils.getContractAddress({ from: wallet.address, nonce: 7 }), utils.solidityKeccak256(['uint8', 'string'], [1, 'x']));
  return lines.join('\n');
}
