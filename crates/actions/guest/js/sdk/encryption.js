// Encryption to the network, and its opening for this action.

import { apply, hasOwn, hostCall, hostError, native, options, stringify, toHex } from '../core.js';
import { ALG, OP, compute, computeText, random } from '../native.js';
import { digits, fromHex } from './arguments.js';
import { bytes } from './bytes.js';
import { together } from './together.js';

const KIND_DECRYPT_ROOT = 14, KIND_OPEN = 15;
// Members in which the client libraries give conditions, with the names and numbers of their forms.
const MEMBERS = [
  ['accessControlConditions', undefined], ['unifiedAccessControlConditions', 'unified'],
  ['evmContractConditions', 'evmContract'], ['solRpcConditions', 'solRpc'],
];
const FORMS = { unified: 0, evmBasic: 1, evmContract: 2, solRpc: 3 };
const { isArray } = Array;
const { slice } = String.prototype;
const { fill } = Uint8Array.prototype;

// The conditions as text, and their form. `accessControlConditions` holds unified ones as well; those of the older form
// have no type and a standard each, and only they are joined by `and` where no operator stands.
function policy(object, name) {
  let found;
  for (let i = 0; i < MEMBERS.length; i++) {
    const [member, form] = MEMBERS[i];
    const list = object[member];
    if (list === undefined || list === null) continue;
    if (found !== undefined) throw new TypeError(`${name}: conditions stand in two members`);
    if (!isArray(list)) throw new TypeError(`${name}: ${member} must be an array`);
    found = { text: stringify(list), form: form ?? (isBasic(list) ? 'evmBasic' : 'unified') };
  }
  if (found === undefined) throw new TypeError(`${name}: accessControlConditions is missing`);
  return found;
}
function isBasic(list) {
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    if (isArray(item) ? !isBasic(item) : !isBasicItem(item)) return false;
  }
  return true;
}
function isBasicItem(item) {
  if (item === null || typeof item !== 'object') return false;
  return apply(hasOwn, item, ['operator']) || (apply(hasOwn, item, ['standardContractType']) && !apply(hasOwn, item, ['conditionType']));
}

// The network's key, once it has come: it is asked for once in a run.
let root;
async function rootKey() {
  root ??= fromHex(digits(await hostCall(KIND_DECRYPT_ROOT, {}, undefined, ({ value }) => value)));
  return root;
}

export async function encrypt(params) {
  together('encrypt');
  const object = options(params, 'encrypt');
  const given = object.to_encrypt;
  // A copy: the script may write into its array while the key is on its way.
  const message = new Uint8Array(typeof given === 'string' ? native.encode(given) : bytes(given, 'encrypt: to_encrypt'));
  const { text, form } = policy(object, 'encrypt');
  const hash = compute(OP.POLICY, text, FORMS[form]);
  const data = compute(OP.HASH, ALG.SHA256, message);
  const key = await rootKey();
  const chance = random(new Uint8Array(32));
  const ciphertext = native.decode(compute(OP.ENCRYPT, key, hash, data, chance, message), false);
  apply(fill, message, [0]);
  return { ciphertext, dataToEncryptHash: toHex(data) };
}

function base64Flag(object, name) {
  const { encoding } = object;
  if (encoding === undefined || encoding === 'utf8') return 0;
  if (encoding === 'base64') return 1;
  throw new TypeError(`${name}: encoding must be 'utf8' or 'base64'`);
}

// What nodes answer: the value, or a simulation's plaintext behind a mark. What it is used for can fail, and comes after.
const VALUE = 'value ', SHOWN = 'shown ';
const answered = ({ value }) => (typeof value === 'string' ? VALUE + value : SHOWN + value.plaintext);

async function open(params, name, one) {
  together(name);
  const object = options(params, name);
  if (object.authSig !== undefined && object.authSig !== null) {
    throw hostError('auth_sig_refused', `${name}: an action opens for its caller's own session only; leave authSig out, or give null`);
  }
  const flag = base64Flag(object, name);
  if (object.container !== undefined) return openContainer(object, name, one, flag);
  const { ciphertext } = object;
  if (typeof ciphertext !== 'string') throw new TypeError(`${name}: ciphertext must be a string`);
  const hex = digits(object.dataToEncryptHash);
  if (hex === undefined || hex.length !== 64) throw new TypeError(`${name}: dataToEncryptHash must be a SHA-256 hash in hex`);
  const data = fromHex(hex);
  const { text, form } = policy(object, name);
  // What is no ciphertext costs nobody a share.
  compute(OP.OPEN, ciphertext, '', data, flag);
  const meta = { policy: text, form, data: hex, one };
  const answer = await hostCall(KIND_OPEN, meta, undefined, answered);
  return opened(answer, flag, (value) => compute(OP.OPEN, ciphertext, value, data, flag));
}

// A small container of ours: its bytes, or these in base64.
async function openContainer(object, name, one, flag) {
  const given = object.container;
  const container = typeof given === 'string' ? given : bytes(given, `${name}: container`);
  const header = compute(OP.CONTAINER_HEADER, container);
  const meta = { policy: native.decode(header.subarray(32), false), form: 'unified', salt: toHex(header.subarray(0, 32)), one };
  const answer = await hostCall(KIND_OPEN, meta, undefined, answered);
  return opened(answer, flag, (value) => compute(OP.OPEN_CONTAINER, container, value, flag));
}

// The text; an empty one where another node has it.
function opened(answer, flag, openIt) {
  const value = apply(slice, answer, [VALUE.length]);
  if (apply(slice, answer, [0, SHOWN.length]) === SHOWN) return computeText(OP.SHOWN_PLAINTEXT, value, flag);
  if (value === '') return '';
  const plain = openIt(value);
  const shown = native.decode(plain, false);
  apply(fill, plain, [0]);
  return shown;
}

export async function decryptAndCombine(params) {
  return open(params, 'decryptAndCombine', false);
}

export async function decryptToSingleNode(params) {
  return open(params, 'decryptToSingleNode', true);
}
