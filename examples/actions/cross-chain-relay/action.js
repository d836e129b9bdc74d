// Relays a message between chains: finds the event in a receipt of the source chain and signs it for the target chain.
// Waits for confirmations, and signs chain, contract and message number, so that nothing can be replayed elsewhere.
const RPC = 'https://rpc.example/arbitrum';
const BRIDGE = '0xCf7Ed3AccA5a467e9e704C703E8D87F634fB0Fc9';
const TARGET_CHAIN = 8453;
const CONFIRMATIONS = 20;
const abi = new ethers.utils.Interface(['event Sent(uint256 indexed number, address to, bytes message)']);

const rpc = async (method, params) => {
  const answer = await fetch(RPC, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const { result, error } = await answer.json();
  if (error || result === null) throw new Error(`${method} failed`);
  return result;
};

const go = async () => {
  const [receipt, latest] = await Promise.all([rpc('eth_getTransactionReceipt', [transaction]), rpc('eth_blockNumber', [])]);
  const log = receipt.logs.find(({ address, topics }) =>
    ethers.utils.getAddress(address) === BRIDGE && topics[0] === abi.getEventTopic('Sent'));
  const deep = parseInt(latest, 16) - parseInt(receipt.blockNumber, 16) >= CONFIRMATIONS;
  if (receipt.status !== '0x1' || !log || !deep) {
    Lit.Actions.setResponse({ response: JSON.stringify({ relayed: false, found: !!log, deep }) });
    return;
  }
  const { number, to, message } = abi.parseLog(log).args;
  const types = ['uint256', 'address', 'uint256', 'address', 'bytes'];
  const encoded = ethers.utils.defaultAbiCoder.encode(types, [TARGET_CHAIN, BRIDGE, number, to, message]);
  await Lit.Actions.signEcdsa({ toSign: ethers.utils.arrayify(ethers.utils.keccak256(encoded)), publicKey, sigName: 'relay' });
  Lit.Actions.setResponse({ response: JSON.stringify({ relayed: true, number: number.toString(), to, message }) });
};
go();
