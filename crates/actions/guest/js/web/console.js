// `console`: everything goes to the one log of the execution.

import { native, text, wellFormed } from '../core.js';
import { format } from './format.js';
import { inspect } from './inspect.js';
import { framesOf } from './inspect/errors.js';
import { table } from './table.js';

let indentation = '';
const counts = new Map();
const times = new Map();

function write(line) {
  const shown = indentation === '' ? line : indentation + line.replaceAll('\n', `\n${indentation}`);
  native.log(`${wellFormed(shown)}\n`);
}

const methods = {
  log(...data) {
    write(format(data));
  },
  warn(...data) {
    write(format(data));
  },
  dir(item, options = undefined) {
    write(inspect(item, { customInspect: false, ...options }));
  },
  time(label = 'default') {
    const name = `${label}`;
    if (times.has(name)) write(`Warning: Label '${name}' already exists for console.time()`);
    else times.set(name, native.now());
  },
  timeEnd(label = 'default') {
    if (elapsed(`${label}`, 'timeEnd', [])) times.delete(`${label}`);
  },
  timeLog(label = 'default', ...data) {
    elapsed(`${label}`, 'timeLog', data);
  },
  trace(...data) {
    const message = format(data);
    const here = new Error('trace');
    write([message === '' ? 'Trace' : `Trace: ${message}`, ...framesOf(here)].join('\n'));
  },
  assert(condition = false, ...data) {
    if (condition) return;
    if (typeof data[0] === 'string') data[0] = `Assertion failed: ${data[0]}`;
    else data.unshift('Assertion failed');
    write(format(data));
  },
  clear() {},
  count(label = 'default') {
    const name = `${label}`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    write(`${name}: ${count}`);
  },
  countReset(label = 'default') {
    const name = `${label}`;
    if (counts.has(name)) counts.set(name, 0);
    else write(`Warning: Count for '${name}' does not exist`);
  },
  group(...data) {
    if (data.length > 0) methods.log(...data);
    // A log cannot hold a deeper one, and a line of blanks alone says nothing.
    if (indentation.length < 100) indentation += '  ';
  },
  groupEnd() {
    indentation = indentation.slice(0, -2);
  },
  table(tabularData, properties = undefined) {
    if (tabularData === null || typeof tabularData !== 'object') methods.log(tabularData);
    else write(table(tabularData, properties));
  },
};

function elapsed(name, method, data) {
  if (!times.has(name)) {
    write(`Warning: No such label '${name}' for console.${method}()`);
    return false;
  }
  const shown = duration(native.now() - times.get(name));
  write(data.length === 0 ? `${name}: ${shown}` : `${name}: ${shown} ${format(data)}`);
  return true;
}
function duration(ms) {
  if (ms < 1000) return `${ms}ms`;
  return ms < 60000 ? `${(ms / 1000).toFixed(3)}s` : `${text(Math.floor(ms / 60000))}:${text(Math.floor((ms % 60000) / 1000)).padStart(2, '0')}.${text(ms % 1000).padStart(3, '0')} (m:ss.mmm)`;
}

const console = Object.create({});
for (const name of Object.keys(methods)) console[name] = methods[name];
console.debug = alias('debug', methods.log);
console.info = alias('info', methods.log);
console.dirxml = alias('dirxml', methods.log);
console.error = alias('error', methods.warn);
console.groupCollapsed = alias('groupCollapsed', methods.group);
Object.defineProperty(console, Symbol.toStringTag, { value: 'console', writable: false, enumerable: false, configurable: true });
for (const name of Object.keys(console)) Object.defineProperty(console[name], 'length', { value: 0, configurable: true });

function alias(name, method) {
  const wrapped = { [name]: (...data) => method(...data) }[name];
  return wrapped;
}

export { console };
