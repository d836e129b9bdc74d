// Timers move the only clock there is, in the order in which they are due. Their rules are those of
// Node.js: a wait is at least one millisecond, and an interval is counted from the end of its callback.
// The clock jumps, so that it shows the same on every node; the host then lets as much real time pass, for what
// a script waits for happens elsewhere: a server that wants no further request yet, a transaction not in a block.

import { apply, everyOpen, hostCall, native, then } from '../core.js';
import { asNumber, coded } from './shape.js';

const WAIT_MS_MAX = 0x7fffffff;
const KIND_PAUSE = 13;
// Shorter waits are added up before the host is asked for a pause.
const PAUSE_MS_MIN = 250, PAUSE_MS_MAX = 600_000;

const timers = [];
// What is to be done at once, what the clock has jumped since the last pause, and whose turn was last.
const round = () => ({ immediates: [], batch: [], timerWasLast: true, jumped: 0 });
// Of the script, and of the functions under way that this node runs and the others do not.
const shared = round();
let own = round();
// The numbers of timers; those of such functions have a row of their own, for the others do not count them.
const ALONE_FROM = 2 ** 32;
let timerNumber = 0, aloneNumber = ALONE_FROM;
// Timers that do not keep an execution running are not in this count.
let holding = 0;
let running;
// How many such functions there are; when the first began, and the last number until then.
let alone = 0;
let aloneSince = 0, aloneAfter = ALONE_FROM;

function push(list, item) {
  list[list.length] = item;
}

const waiting = ({ batch, immediates }) => batch.length + immediates.length;

function count() {
  // The host knows how many there may be.
  native.timers(timers.length + waiting(shared) + waiting(own) + 1);
}

function checked(callback) {
  if (typeof callback !== 'function') {
    throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "callback" argument must be of type function.');
  }
}

const numberIn = (context) => (context === 0 ? ++timerNumber : ++aloneNumber);

function addTimer(callback, delay, repeat, args, holds = true) {
  checked(callback);
  let wait = asNumber(delay, 'delay');
  if (!(wait >= 1 && wait <= WAIT_MS_MAX)) wait = 1;
  wait -= wait % 1;
  count();
  const context = native.context();
  const timer = { id: numberIn(context), due: native.now() + wait, wait, repeat, callback, args, holds, context };
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
  const context = native.context(), id = numberIn(context);
  push((alone > 0 && context !== 0 ? own : shared).immediates, { id, callback, args, context });
  return id;
}
export function clearImmediate(immediate) {
  const lists = [shared.immediates, shared.batch, own.immediates, own.batch];
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

// This node begins to run a function for all nodes. The others wait for its value, so what was set before waits here as well,
// and their clock stands still.
export function beginAlone() {
  if (alone++ > 0) return;
  aloneSince = native.clock();
  aloneAfter = aloneNumber;
  own = round();
  native.hold_clock(aloneSince);
}

// Whether a timer was set by a function that this node runs alone, since that began.
const ofFunction = (timer) => timer.id > aloneAfter;

// A function has ended. The clock goes back to where the others' stands; what the functions left is due as long from now as before.
export function endAlone() {
  if (--alone > 0) {
    native.hold_clock(aloneSince);
    return;
  }
  const passed = native.clock() - aloneSince;
  const before = [], left = [];
  for (let i = 0; i < timers.length; i++) push(ofFunction(timers[i]) ? left : before, timers[i]);
  timers.length = 0;
  holding = 0;
  native.set_clock(aloneSince);
  native.hold_clock(-1);
  for (let i = 0; i < before.length; i++) insert(before[i]);
  for (let i = 0; i < left.length; i++) {
    left[i].due -= passed;
    insert(left[i]);
  }
  const { batch, immediates } = own;
  own = round();
  for (let i = 0; i < batch.length; i++) push(shared.immediates, batch[i]);
  for (let i = 0; i < immediates.length; i++) push(shared.immediates, immediates[i]);
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

// What a timer is due by: the clock of the function that set it, or the script's.
const clockOf = (timer) => (ofFunction(timer) ? native.clock() : native.now());

function forward(timer, to) {
  if (alone > 0 && !ofFunction(timer) && to > native.now()) native.hold_clock(to);
  if (to > native.clock()) native.set_clock(to);
}

// Moves the clock. Returns whether the host was asked for a pause: the clock moves when that is over.
function advance(timer, turn) {
  const to = timer.due, now = clockOf(timer);
  if (to > now) turn.jumped += to - now;
  if (turn.jumped < PAUSE_MS_MIN) {
    forward(timer, to);
    return false;
  }
  const ms = turn.jumped < PAUSE_MS_MAX ? turn.jumped : PAUSE_MS_MAX;
  turn.jumped = 0;
  const during = own;
  // The clock may have gone back meanwhile, as the functions ended.
  const over = () => { if (during === own) forward(timer, to); };
  // A function is not kept waiting by calls that wait for it. A host that refuses to wait has its reason, which is none
  // to end the script.
  const context = alone > 0 ? 1 : timer.context;
  apply(then, native.within(context, hostCall, [KIND_PAUSE, { ms }, undefined, null]), [over, over]);
  return true;
}

// Fires the next callback, if there is one.
export function tick() {
  // What waits outside of runOnce's function goes on where the function has nothing else to wait for.
  return (alone > 0 && fireAlone()) || fire(shared, holding > 0 ? 0 : -1);
}

// The same while calls are open, none of them of a function that this node runs alone: what is open may wait for it.
export function tickAlone() {
  return alone > 0 && everyOpen(({ context }) => context === 0) && fireAlone();
}

function fireAlone() {
  const at = nextAlone();
  return (at >= 0 || waiting(own) > 0) && fire(own, at);
}

// After all immediates of one round a timer has its turn, so neither can keep the other waiting for ever.
function fire(turn, at) {
  if (turn.batch.length === 0 && turn.immediates.length > 0 && (turn.timerWasLast || at < 0)) {
    turn.batch = turn.immediates;
    turn.immediates = [];
    turn.timerWasLast = false;
  }
  if (turn.batch.length > 0) {
    const { callback, args, context } = removeAt(turn.batch, 0);
    native.within(context, callback, args);
    return true;
  }
  turn.timerWasLast = true;
  if (at < 0) return turn.immediates.length > 0;
  if (advance(timers[at], turn)) return true;
  const timer = removeAt(timers, at);
  if (timer.holds) holding--;
  running = timer;
  try {
    native.within(timer.context, timer.callback, timer.args);
  } finally {
    running = undefined;
    if (timer.repeat) {
      timer.due = clockOf(timer) + timer.wait;
      insert(timer);
    }
  }
  return true;
}
