// Child actions, and values on which the nodes agree.

import { PromiseNow, cause, everyOpen, flagMember, hostCall, hostError, jsonOf, native, options, stringMember, text, wellFormed } from '../core.js';
import { absent } from '../describe.js';
import { beginAlone, endAlone } from '../web/timers.js';
import { utf8Length } from './arguments.js';
import { notACid } from './cid.js';
import { alone, together } from './together.js';

const KIND_COLLECT = 8, KIND_RUN_ONCE = 9, KIND_RUN_ONCE_RESULT = 10, KIND_CALL = 11;
const NAME_BYTES_MAX = 128, COLLECT_BYTES_MAX = 32 * 1024, RUN_ONCE_BYTES_MAX = 100 * 1024;
const THROWN_CHARS_MAX = 1000;
const NAME = 'default_bc_id';
// What has one text.
function hasText(value) {
  switch (typeof value) {
    case 'string': case 'number': case 'boolean': case 'bigint': return true;
    default: return false;
  }
}

const answer = ({ value }) => value;
const valuesOf = ({ value }) => {
  const out = [];
  for (let i = 0; i < value.length; i++) out[i] = value[i].value;
  return out;
};

function nameOf(object, name) {
  const given = object.name === undefined ? NAME : wellFormed(stringMember(object, 'name', name));
  if (utf8Length(given) > NAME_BYTES_MAX) throw new RangeError(`${name}: name must have at most ${NAME_BYTES_MAX} bytes`);
  return given;
}
function small(value, most, name) {
  const length = utf8Length(value);
  if (length > most) throw hostError('value_too_large', `${name}: the value has ${length} bytes, at most ${most} are allowed`);
  return value;
}

export async function call(params) {
  together('call');
  const object = options(params, 'call');
  const cid = stringMember(object, 'ipfsId', 'call');
  if (!/^[A-Za-z0-9]{1,128}$/.test(cid)) throw notACid(cid, 'call: ipfsId');
  const given = object.params === undefined || object.params === null ? {} : options(object.params, 'call: params');
  const json = jsonOf(given, 'call: params');
  if (json === undefined || json[0] !== '{') throw new TypeError('call: params must be an object');
  return hostCall(KIND_CALL, { cid, params: wellFormed(json) }, undefined, ({ value }) => value ?? '');
}

// The values of all nodes, in the order of the nodes.
export function collect(name, value) {
  return hostCall(KIND_COLLECT, { name, value }, undefined, valuesOf);
}
export async function broadcastAndCollect(params) {
  together('broadcastAndCollect');
  const object = options(params, 'broadcastAndCollect');
  const name = nameOf(object, 'broadcastAndCollect');
  const { value } = object;
  if (!hasText(value)) {
    throw new TypeError('broadcastAndCollect: value must be a string; JSON.stringify makes one of an object');
  }
  return collect(name, small(wellFormed(text(value)), COLLECT_BYTES_MAX, 'broadcastAndCollect'));
}

// One node runs the function; all of them get its value, or its error.
export async function runOnce(params, asyncFunction) {
  together('runOnce');
  const object = options(params, 'runOnce', 'an object, params, and a function');
  if (typeof asyncFunction !== 'function') throw new TypeError('runOnce takes a function as its second argument');
  const name = nameOf(object, 'runOnce'), wait = flagMember(object, 'waitForResponse', 'runOnce');
  const asked = await hostCall(KIND_RUN_ONCE, { name, wait }, undefined, ({ value }, _, number) => ({ value, number }));
  let decided = asked.value;
  if (decided.run === true) {
    beginAlone();
    const result = await alone(outcome, [asked.number, asyncFunction]);
    endAlone();
    // The others do not hear of it, and go on: this run must not seem to have done what was asked for.
    if (!wait && result.refused !== undefined) native.end(result.refused);
    decided = await hostCall(KIND_RUN_ONCE_RESULT, result.meta, undefined, answer, wait ? asked.number : undefined);
  }
  if (decided.error !== undefined) throw hostError('run_once_failed', decided.error);
  return decided.value;
}

// What the functions under way wait for, by the numbers of their calls.
let stuck = [];
// Kinds of calls on which the nodes agree, one bit each. They are answered in their order. A runOnce that waits for no value is
// answered at once.
const IN_ORDER = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 7 | 1 << KIND_COLLECT | 1 << KIND_RUN_ONCE | 1 << KIND_CALL;
const agrees = ({ kind, meta }) => (IN_ORDER >> kind & 1) === 1 && (kind !== KIND_RUN_ONCE || meta.wait);
// Whether every open call is answered after a function has ended. Behind one that is, the script gets no answer either.
function comesAfter({ of }) {
  let held = false;
  return everyOpen((waiting, call) => {
    if (waiting.kind === KIND_RUN_ONCE_RESULT) return waiting.once !== undefined && waiting.once > of;
    if (waiting.context !== 0) return false;
    if (call > of && agrees(waiting)) held = true;
    return held;
  });
}
// Whether no call is open that is answered before one of these functions has ended.
export function allComesAfter() {
  for (let i = 0; i < stuck.length; i++) if (comesAfter(stuck[i])) return true;
  return false;
}
// Rejects what the functions wait for that cannot come.
export function giveUp() {
  const given = [], left = [];
  for (let i = 0; i < stuck.length; i++) {
    const list = comesAfter(stuck[i]) ? given : left;
    list[list.length] = stuck[i];
  }
  stuck = left;
  for (let i = 0; i < given.length; i++) {
    given[i].reject(hostError('action_pending', 'the function of runOnce waits for a promise that nothing can settle any more; resolve or reject every promise that is awaited'));
  }
  return given.length > 0;
}
function settled(of, promise) {
  return new PromiseNow(async (resolve, reject) => {
    const own = { of, reject };
    stuck[stuck.length] = own;
    try {
      resolve(await promise);
    } catch (error) {
      reject(error);
    }
    const left = [];
    for (let i = 0; i < stuck.length; i++) if (stuck[i] !== own) left[left.length] = stuck[i];
    stuck = left;
  });
}

async function outcome(of, asyncFunction) {
  try {
    const value = await settled(of, asyncFunction());
    const shown = value === undefined || value === null ? '' : wellFormed(text(value));
    return { meta: { value: { of, value: small(shown, RUN_ONCE_BYTES_MAX, 'runOnce') } } };
  } catch (thrown) {
    const refused = cause(thrown) === 'run_once_operation' ? thrown : undefined;
    return { meta: { error: { of, error: thrownText(thrown) } }, refused };
  }
}
function thrownText(thrown) {
  let shown, missing = '';
  try {
    shown = thrown instanceof Error ? `${cause(thrown) ?? thrown.name}: ${thrown.message}` : text(thrown);
    missing = wellFormed(absent(thrown));
  } catch {
    shown = 'a value that cannot be described';
  }
  shown = wellFormed(shown);
  if (shown.length > THROWN_CHARS_MAX) shown = `${wellFormed(shown.slice(0, THROWN_CHARS_MAX))} …`;
  return shown + missing;
}
