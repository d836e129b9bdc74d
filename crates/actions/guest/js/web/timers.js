// Timers move the only clock there is, in the order in which they are due.

import { LIMIT_TIMERS, apply, native } from '../core.js';

const TIMERS_MAX = 1000;

const timers = [];
let timerNumber = 0;

function addTimer(callback, delay, repeat, args) {
  if (typeof callback !== 'function') throw new TypeError('a timer takes a function');
  if (timers.length >= TIMERS_MAX) native.exceeded(LIMIT_TIMERS);
  native.begun();
  let wait = Math.trunc(Number(delay));
  if (!(wait > 0)) wait = 0;
  if (wait > 0x7fffffff) wait = 0;
  const timer = { id: ++timerNumber, due: native.now() + wait, wait, repeat, callback, args };
  insertTimer(timer);
  return timer.id;
}

function insertTimer(timer) {
  let at = timers.length;
  while (at > 0 && timers[at - 1].due > timer.due) at--;
  timers.splice(at, 0, timer);
}

export const setTimeout = (callback, delay, ...args) => addTimer(callback, delay, false, args);
export const setInterval = (callback, delay, ...args) => addTimer(callback, delay, true, args);
export const clearTimeout = (id) => {
  const at = timers.findIndex((timer) => timer.id === id);
  if (at >= 0) timers.splice(at, 1);
};

// Fires the next timer, if there is one.
export function tick() {
  const timer = timers.shift();
  if (timer === undefined) return false;
  native.advance(timer.due);
  if (timer.repeat) {
    timer.due += timer.wait > 0 ? timer.wait : 1;
    insertTimer(timer);
  }
  apply(timer.callback, undefined, timer.args);
  return true;
}
