// `console`: everything goes to the one log of the execution.

import { native, wellFormed } from '../core.js';
import { inspect } from './inspect.js';

export function log(...values) {
  native.log(wellFormed(values.map((value) => inspect(value, 0)).join(' ')) + '\n');
}
