// `performance` over the virtual clock: it stands still but for the script's own timers.

import { text } from '../core.js';
import { EventTarget, sinceStart, timeOrigin } from './event.js';
import { defineInspect, illegalConstructor, interfaceClass, needs } from './shape.js';

const KEY = Symbol('key');
const marks = [];

class PerformanceEntry {
  #own;
  constructor(key, own) {
    if (key !== KEY) throw illegalConstructor();
    this.#own = own;
  }
  get name() {
    return this.#own.name;
  }
  get entryType() {
    return this.#own.entryType;
  }
  get startTime() {
    return this.#own.startTime;
  }
  get duration() {
    return this.#own.duration;
  }
  get detail() {
    return this.#own.detail;
  }
  toJSON() {
    const { name, entryType, startTime, duration, detail } = this.#own;
    return { name, entryType, startTime, duration, detail };
  }
}
interfaceClass(PerformanceEntry, 'PerformanceEntry', { length: 0 });

class Performance extends EventTarget {
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
    super();
  }
  now() {
    return sinceStart();
  }
  get timeOrigin() {
    return timeOrigin();
  }
  mark(name, options = {}) {
    needs(arguments, 1, 'mark');
    return add({ name: `${name}`, entryType: 'mark', startTime: options?.startTime ?? sinceStart(), duration: 0, detail: options?.detail ?? null });
  }
  measure(name, startOrOptions = undefined, endMark = undefined) {
    needs(arguments, 1, 'measure');
    const isOptions = startOrOptions !== null && typeof startOrOptions === 'object';
    const { start, end, duration, detail } = isOptions ? startOrOptions : { start: startOrOptions, end: endMark };
    const to = end !== undefined ? at(end) : duration !== undefined && start !== undefined ? at(start) + duration : sinceStart();
    const from = start !== undefined ? at(start) : duration !== undefined ? to - duration : 0;
    return add({ name: `${name}`, entryType: 'measure', startTime: from, duration: to - from, detail: detail ?? null });
  }
  getEntries() {
    return [...marks];
  }
  getEntriesByName(name, type = undefined) {
    return marks.filter((entry) => entry.name === `${name}` && (type === undefined || entry.entryType === type));
  }
  getEntriesByType(type) {
    return marks.filter((entry) => entry.entryType === `${type}`);
  }
  clearMarks(name = undefined) {
    remove('mark', name);
  }
  clearMeasures(name = undefined) {
    remove('measure', name);
  }
  toJSON() {
    return { timeOrigin: timeOrigin() };
  }
}
interfaceClass(Performance, 'Performance', { length: 0 });
defineInspect(Performance, (own, depth, options, inspect) => `Performance ${inspect({ timeOrigin: own.timeOrigin }, options)}`);

function add(own) {
  const entry = new PerformanceEntry(KEY, own);
  marks.push(entry);
  return entry;
}
function at(mark) {
  if (typeof mark === 'number') return mark;
  const found = marks.findLast((entry) => entry.entryType === 'mark' && entry.name === `${mark}`);
  if (found === undefined) throw new DOMException(`The "${text(mark)}" performance mark has not been set`, 'SyntaxError');
  return found.startTime;
}
function remove(type, name) {
  for (let i = marks.length - 1; i >= 0; i--) {
    if (marks[i].entryType === type && (name === undefined || marks[i].name === `${name}`)) marks.splice(i, 1);
  }
}

const performance = new Performance(KEY);
export { Performance, PerformanceEntry, performance };
