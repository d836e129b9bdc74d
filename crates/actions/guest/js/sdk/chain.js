// Reads of chains that the operators have configured.

import { apply, hostCall, hostError, options, stringMember, text, toHex } from '../core.js';
import { address, bytesOrHex, word } from './arguments.js';
import { collect } from './flow.js';
import { decodeRlp } from './rlp.js';
import { together } from './together.js';

const KIND_RPC = 12;
// The chain of the registry; it is read at the block that the request names.
const OWN_CHAIN = 'quorate';

const answer = ({ value }) => value;
const rpc = (chain, method, body) => hostCall(KIND_RPC, { chain, method }, body, answer);

function chainOf(object, name) {
  const chain = stringMember(object, 'chain', name);
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(chain)) throw hostError('chain_unknown', `${name}: "${chain}" is not the name of a chain`);
  return chain;
}

export async function getRpcUrl(params) {
  return rpc(chainOf(options(params, 'getRpcUrl'), 'getRpcUrl'), 'public_url');
}

export async function getLatestNonce(params) {
  const name = 'getLatestNonce', object = options(params, name);
  const chain = chainOf(object, name), account = address(object.address, name);
  together(name);
  const nonce = await agreed(`nonce of 0x${account} on ${chain}`, chain, () => rpc(chain, { transaction_count: { address: account } }));
  return `0x${nonce.toString(16)}`;
}

// One value for all nodes out of what each of them reads: the lower median. A node that could not read
// takes part without a value, so that all go the same way; most must have one.
async function agreed(name, chain, read) {
  let own = '', failure;
  try {
    own = text(await read());
  } catch (error) {
    failure = error;
  }
  const all = await collect(name, own);
  const values = [];
  for (let i = 0; i < all.length; i++) {
    if (/^[0-9]{1,15}$/.test(all[i])) values[values.length] = +all[i];
  }
  if (values.length * 2 <= all.length) {
    throw failure ?? hostError('rpc_failed', `too few nodes could read the chain ${chain}`);
  }
  values.sort((a, b) => a - b);
  return values[(values.length - 1) >> 1];
}

// The block at which an execution reads a chain: chosen once.
const blocks = new Map();
const getBlock = Map.prototype.get, setBlock = Map.prototype.set, forgetBlock = Map.prototype.delete;
function blockOf(chain) {
  if (chain === OWN_CHAIN) return null;
  let block = apply(getBlock, blocks, [chain]);
  if (block === undefined) {
    together('the first callContract on a chain');
    block = agreed(`block of ${chain}`, chain, () => rpc(chain, 'block_number'));
    apply(setBlock, blocks, [chain, block]);
    block.catch(() => apply(forgetBlock, blocks, [chain]));
  }
  return block;
}

export async function callContract(params) {
  const name = 'callContract', object = options(params, name);
  const chain = chainOf(object, name);
  const { to, data, value, gas } = unsigned(bytesOrHex(object.txn, `${name}: txn`));
  const block = await blockOf(chain);
  return rpc(chain, { call: { to, from: null, value, gas, block } }, data);
}

// Where a transaction has its members, by its type: gas, to, value, data; and how many it has unsigned and
// signed. A legacy one may name its chain, as EIP-155 says.
const SHAPES = { legacy: [2, 3, 4, 5, 6, 9], 1: [3, 4, 5, 6, 8, 11], 2: [4, 5, 6, 7, 9, 12] };

function unsigned(bytes) {
  const bad = () => new TypeError('callContract: txn must be a serialized transaction in hex');
  const typed = bytes.length > 0 && bytes[0] < 0x80;
  const shape = SHAPES[typed ? bytes[0] : 'legacy'];
  const fields = shape === undefined ? undefined : decodeRlp(typed ? bytes.subarray(1) : bytes);
  if (!Array.isArray(fields) || (fields.length !== shape[4] && fields.length !== shape[5])) throw bad();
  const [gas, to, value, data] = [fields[shape[0]], fields[shape[1]], fields[shape[2]], fields[shape[3]]];
  for (const field of [gas, to, value, data]) if (Array.isArray(field)) throw bad();
  if (to.length !== 20) throw new TypeError('callContract: txn must name a contract');
  if (gas.length > 6 || value.length > 32) throw bad();
  const limit = gas.length === 0 ? 0 : +`0x${toHex(gas)}`;
  return { to: toHex(to), data, value: word(`0x${toHex(value) || '0'}`, 'callContract: value'), gas: limit === 0 ? null : limit };
}
