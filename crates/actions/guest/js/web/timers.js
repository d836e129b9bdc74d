// Timers move the only clock there is, in the order in which they are due. Their rules are those of
// Node.js: a wait is at least one millisecond, and an interval is counted from the end of its callback.
// The clock jumps, so that it shows the same on every node; the host then lets as much real time pass, for what
// a script waits for happens elsewhere: a server that wants no further request yet, a transaction not in a block.

import { apply, everyOpen, hostCall, native, text, then } from '../core.js';
import { asNumber, coded } from './shape.js';

const WAIT_MS_MAX = 0x7fffffff;
const KIND_PAUSE = 13;
// Shorter waits are added up before the host is asked for a pause.
const PAUSE_MS_MIN = 250, PAUSE_MS_MAX = 600_000;

const timers = [];
let immediates = [];
let batch = [];
let timerWasLast = true;
let timerNumber = 0;
// Timers that do not keep an execution running are not in this count.
let holding = 0;
let running;
// What the clock has jumped since the last pause.
let jumped = 0;
// Functions under way that this node runs and the others do not.
let alone = 0;
// While there are any: when they began, the last number until then, and what was to be done at once.
let aloneSince = 0, aloneAfter = 0, heldImmediates = [], heldBatch = [];

function push(list, item) {
  list[list.length] = item;
}

function count() {
  // The host knows how many there may be.
  const held = heldImmediates.length + heldBatch.length;
  native.timers(timers.length + immediates.length + batch.length + held + 1);
}

function checked(callback) {
  if (typeof callback !== 'function') {
    throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "callback" argument must be of type function.');
  }
}

function addTimer(callback, delay, repeat, args, holds = true) {
  checked(callback);
  let wait = asNumber(delay, 'delay');
  if (!(wait >= 1 && wait <= WAIT_MS_MAX)) wait = 1;
  wait -= wait % 1;
  count();
  const context = native.context();
  const from = alone > 0 && context === 0 ? aloneSince : native.now();
  const timer = { id: ++timerNumber, due: from + wait, wait, repeat, callback, args, holds, context };
  insert(timer);
  return timer.id;
}

function insert(timer) {
  let at = timers.length;
  push(timers, timer);
  for (; at > 0 && timers[at - 1].due > timer.due; at--) timers[at] = timers[at - 1];
  timers[at] = timer;
  if (timer.holds) holding++;
}

function removeAt(list, at) {
  const taken = list[at];
  for (let i = at + 1; i < list.length; i++) list[i - 1] = list[i];
  list.length--;
  return taken;
}

function removeById(list, id) {
  for (let i = 0; i < list.length; i++) {
    if (list[i].id === id) return removeAt(list, i);
  }
  return undefined;
}

function clear(id) {
  const number = typeof id === 'string' ? +id : id;
  if (typeof number !== 'number') return;
  const timer = removeById(timers, number);
  if (timer !== undefined && timer.holds) holding--;
  // An interval that ends itself is not in the list while it runs.
  if (running !== undefined && running.id === number) running.repeat = false;
}

export function setTimeout(callback, delay, ...args) {
  return addTimer(callback, delay, false, args);
}
export function setInterval(callback, delay, ...args) {
  return addTimer(callback, delay, true, args);
}
export function clearTimeout(timer) {
  clear(timer);
}
export function clearInterval(timer) {
  clear(timer);
}
export function setImmediate(callback, ...args) {
  checked(callback);
  count();
  const context = native.context();
  push(alone > 0 && context === 0 ? heldImmediates : immediates, { id: ++timerNumber, callback, args, context });
  return timerNumber;
}
export function clearImmediate(immediate) {
  const lists = [immediates, batch, heldImmediates, heldBatch];
  for (let i = 0; i < lists.length; i++) if (removeById(lists[i], immediate) !== undefined) return;
}
const later = queueMicrotask;
export function microtask(callback) {
  checked(callback);
  later(() => apply(callback, undefined, []));
}
Object.defineProperty(microtask, 'name', { value: 'queueMicrotask', configurable: true });
// For our own use: fires only if something else keeps the execution running until then.
export function setQuietTimeout(callback, delay) {
  return addTimer(callback, delay, false, [], false);
}

// This node begins to run a function for all nodes. The others wait for its value, so what was set before waits here as well.
export function beginAlone() {
  if (alone++ > 0) return;
  aloneSince = native.now();
  aloneAfter = timerNumber;
  heldImmediates = immediates;
  heldBatch = batch;
  immediates = [];
  batch = [];
}

// Whether a timer was set by a function that this node runs alone, since that began.
const ofFunction = (timer) => timer.id > aloneAfter && timer.context !== 0;

// The function has ended. The clock goes back to where the others' stands; what the function left is due as long from now as before.
export function endAlone() {
  if (--alone > 0) return;
  const passed = native.now() - aloneSince;
  const held = [], own = [];
  for (let i = 0; i < timers.length; i++) push(ofFunction(timers[i]) ? own : held, timers[i]);
  timers.length = 0;
  holding = 0;
  native.set_clock(aloneSince);
  for (let i = 0; i < held.length; i++) insert(held[i]);
  for (let i = 0; i < own.length; i++) {
    own[i].due -= passed;
    insert(own[i]);
  }
  const left = batch;
  for (let i = 0; i < immediates.length; i++) push(left, immediates[i]);
  immediates = heldImmediates;
  batch = heldBatch;
  for (let i = 0; i < left.length; i++) push(immediates, left[i]);
  heldImmediates = heldBatch = [];
}

// Where the next timer of a function is that this node runs alone, or -1 if none keeps it running.
function nextAlone() {
  let at = -1, holds = false;
  for (let i = 0; i < timers.length; i++) {
    if (!ofFunction(timers[i])) continue;
    if (at < 0) at = i;
    if (timers[i].holds) holds = true;
  }
  return holds ? at : -1;
}

// Where the timer is that comes next, or -1 if none keeps the execution running.
function next() {
  const at = alone > 0 ? nextAlone() : -1;
  // A function that waits for nothing of its own may wait for one of the others.
  return at < 0 && holding > 0 ? 0 : at;
}

function forward(to) {
  if (to > native.now()) native.set_clock(to);
}

// Moves the clock. Returns whether the host was asked for a pause: the clock moves when that is over.
function advance({ due: to, context }) {
  if (to > native.now()) jumped += to - native.now();
  if (jumped < PAUSE_MS_MIN) {
    forward(to);
    return false;
  }
  const ms = jumped < PAUSE_MS_MAX ? jumped : PAUSE_MS_MAX;
  jumped = 0;
  const over = () => forward(to);
  // A host that refuses to wait has its reason, which is none to end the script.
  apply(then, native.within(context, hostCall, [KIND_PAUSE, { ms }, undefined, null]), [over, over]);
  return true;
}

// Fires the next callback, if there is one. After all immediates of one round a timer has its turn, so
// neither can keep the other waiting for ever.
export function tick() {
  const at = next();
  // What waits outside of runOnce's function goes on where the function has nothing else to wait for.
  if (alone > 0 && at < 0 && batch.length === 0 && immediates.length === 0) {
    batch = heldBatch.length > 0 ? heldBatch : heldImmediates;
    if (heldBatch.length > 0) heldBatch = [];
    else heldImmediates = [];
  }
  return fire(at);
}

// The same while calls are open, none of them of a function that this node runs alone: what is open may wait for it.
export function tickAlone() {
  if (alone === 0 || !everyOpen(({ context }) => context === 0)) return false;
  const at = nextAlone();
  return (at >= 0 || batch.length > 0 || immediates.length > 0) && fire(at);
}

function fire(at) {
  if (batch.length === 0 && immediates.length > 0 && (timerWasLast || at < 0)) {
    batch = immediates;
    immediates = [];
    timerWasLast = false;
  }
  if (batch.length > 0) {
    const { callback, args, context } = removeAt(batch, 0);
    native.within(context, callback, args);
    return true;
  }
  timerWasLast = true;
  if (at < 0) return immediates.length > 0;
  if (advance(timers[at])) return true;
  const timer = removeAt(timers, at);
  if (timer.holds) holding--;
  running = timer;
  try {
    native.within(timer.context, timer.callback, timer.args);
  } finally {
    running = undefined;
    if (timer.repeat) {
      timer.due = native.now() + timer.wait;
      insert(timer);
    }
  }
  return true;
}
