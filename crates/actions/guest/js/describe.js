// What an uncaught value says about itself. Running the value's own code here is harmless: it is the
// same instance, under the same limits.

import { wellFormed } from './core.js';
import { inspect } from './web/inspect.js';

const DESCRIPTION_CHARS_MAX = 2000;

export function describe(thrown) {
  let out;
  if (thrown instanceof Error) {
    out = describeError(thrown);
  } else {
    out = typeof thrown === 'string' ? thrown : inspect(thrown, 0);
  }
  if (out.length > DESCRIPTION_CHARS_MAX) out = out.slice(0, DESCRIPTION_CHARS_MAX) + ' …';
  return wellFormed(out);
}

function describeError(error) {
  let out = `${error.name}: ${error.message}`;
  if (typeof error.stack === 'string') {
    // The runtime's own frames say nothing to the author of the action.
    const frames = error.stack.trimEnd().split('\n').filter((frame) => frame !== '' && !frame.includes('(quorate:'));
    for (const frame of frames) out += '\n' + frame;
  }
  return out;
}
