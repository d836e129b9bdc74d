// What all nodes do together can not be asked for by a function that one of them runs alone: the others wait for its
// value, so none of them would ask for the same.

import { hostError, unanswered } from '../core.js';

let alone = 0;
// Whether the script did something else when the function began. Then it may be that which asks.
let beside = false;

export function begin() {
  beside = alone > 0 || unanswered() > 0;
  alone++;
}
export function end() {
  alone--;
}

// Throws where only one node asks.
export function together(name) {
  if (alone > 0 && !beside) {
    throw hostError('run_once_operation', `${name} is for all nodes, and only one of them runs the function of runOnce; call it before or after`);
  }
}
