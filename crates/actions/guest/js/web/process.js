// `process` as bundlers' stand-in for browsers has it: enough for code that reads `process.env` or calls
// `process.nextTick` without asking first, and nothing that says "Node.js".

import { apply } from '../core.js';

const later = queueMicrotask;
const nothing = (name) => ({ [name]() {
  return this;
} })[name];

const process = {
  title: 'browser',
  browser: true,
  env: {},
  argv: [],
  version: '',
  versions: {},
  nextTick(callback, ...args) {
    if (typeof callback !== 'function') throw new TypeError('The "callback" argument must be of type function.');
    later(() => apply(callback, undefined, args));
  },
  cwd() {
    return '/';
  },
  emitWarning() {},
};
for (const name of ['on', 'addListener', 'once', 'off', 'removeListener', 'removeAllListeners', 'prependListener']) process[name] = nothing(name);
Object.defineProperty(process, Symbol.toStringTag, { value: 'process', configurable: true });

export { process };
