// What an uncaught value says about itself. Running the value's own code here is harmless: it is the
// same instance, under the same limits.

import { wellFormed } from './core.js';
import { inspect } from './web/inspect.js';
import { framesOf, headOf } from './web/inspect/errors.js';

const DESCRIPTION_CHARS_MAX = 2000;

export function describe(thrown) {
  let out;
  if (thrown instanceof Error) out = [headOf(thrown), ...framesOf(thrown)].join('\n');
  else out = typeof thrown === 'string' ? thrown : inspect(thrown);
  if (out.length > DESCRIPTION_CHARS_MAX) out = out.slice(0, DESCRIPTION_CHARS_MAX) + ' …';
  return wellFormed(out);
}
