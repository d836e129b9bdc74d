// How an error is shown: its name and message, the frames of the script, and what else it carries.

import { text } from '../../core.js';

// Frames of the runtime's own functions say nothing to the author of an action. Other lines are none: a
// script may set the stack to a text that begins with the message.
export function framesOf(error) {
  const { stack } = error;
  if (typeof stack !== 'string') return [];
  return stack.split('\n').filter((frame) => /^\s+at /.test(frame) && !frame.includes('(quorate:'));
}

export function headOf(error) {
  const name = error.name === undefined ? 'Error' : text(error.name);
  const message = error.message === undefined ? '' : text(error.message);
  return name === '' ? message : message === '' ? name : `${name}: ${message}`;
}

// The text of an error, and which of its keys are still to be shown.
export function errorBase(ctx, error, className, tag, keys) {
  const head = improved(headOf(error), text(error.name ?? 'Error'), className, tag);
  const code = typeof error.code === 'string' && error.code.startsWith('ERR_') ? error.code : '';
  const shownHead = code !== '' && head.includes(':') ? head.replace(/^([^:]*):/, `$1 [${code}]:`) : head;
  const frames = framesOf(error);
  const kept = keys.filter((key) =>
    !(key === 'name' || key === 'message' || key === 'stack') || (typeof error[key] === 'string' && !shownHead.includes(error[key]) && key !== 'stack'));
  if ('cause' in error && !kept.includes('cause')) kept.push('cause');
  if (Array.isArray(error.errors) && !kept.includes('errors')) kept.push('errors');
  let base = frames.length === 0 ? `[${shownHead}]` : `${shownHead}\n${frames.join('\n')}`;
  if (ctx.indentation !== 0) base = base.replaceAll('\n', `\n${' '.repeat(ctx.indentation)}`);
  return { base, keys: kept };
}

// A class of errors without a name of its own is shown under the name of the class.
function improved(head, name, className, tag) {
  if (className === null) return head.startsWith(name) ? `[${name}: null prototype]${head.slice(name.length)}` : head;
  if (className !== name && name.endsWith('Error') && head.startsWith(name)) {
    head = className.includes(name) ? `${className}${head.slice(name.length)}` : `${className} [${name}]${head.slice(name.length)}`;
  }
  return tag !== '' && tag !== className && !head.includes(tag) ? `${head} [${tag}]` : head;
}
