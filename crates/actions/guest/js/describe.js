// What an uncaught value says about itself. Running the value's own code here is harmless: it is the
// same instance, under the same limits.

import { apply, cause, native, reserved, wellFormed } from './core.js';
import { inspect } from './web/inspect.js';
import { framesOf, headOf } from './web/inspect/errors.js';

const DESCRIPTION_CHARS_MAX = 2000;
const NAME_CHARS_MAX = 64;
const UNDEFINED = / is not defined$/;
const exec = RegExp.prototype.exec, join = Array.prototype.join, slice = String.prototype.slice;

export function describe(thrown) {
  let out;
  if (thrown instanceof Error) out = [headOf(thrown), ...framesOf(thrown)].join('\n');
  else out = typeof thrown === 'string' ? thrown : inspect(thrown);
  if (out.length > DESCRIPTION_CHARS_MAX) out = out.slice(0, DESCRIPTION_CHARS_MAX) + ' …';
  try {
    // The node that ran the function said it there.
    return wellFormed(cause(thrown) === 'run_once_failed' ? out : out + absent(thrown));
  } catch {
    return wellFormed(out);
  }
}

// What the action looked for among its parameters in vain: most often why it failed.
export function absent(thrown) {
  const names = native.absent();
  if (thrown instanceof ReferenceError) {
    const end = apply(exec, UNDEFINED, [thrown.message]);
    if (end !== null) {
      const name = apply(slice, thrown.message, [0, end.index]);
      // No parameter can have such a name: it is something that actions do not have.
      if (reserved.has(name)) return `\nactions have no ${name}`;
      names[names.length] = name;
    }
  }
  if (names.length === 0) return '';
  for (let i = 0; i < names.length; i++) names[i] = apply(slice, names[i], [0, NAME_CHARS_MAX]);
  return `\nparameters that were not given: ${apply(join, names, [', '])}`;
}
