// What all nodes do together cannot be asked for by a function that one of them runs alone: the others wait for its
// value, so none of them would ask for the same. Its code is told from the script's other code by the engine: what it
// registers (reactions, timers, listeners) belongs to it, also when it has ended.

import { hostError, native } from '../core.js';

// Calls what only this node runs.
export const alone = (work, args) => native.within(1, work, args);

// Throws where only one node asks.
export function together(name) {
  if (native.context() !== 0) {
    throw hostError('run_once_operation', `${name} is for all nodes, and only one of them runs the function of runOnce; call it before or after`);
  }
}
