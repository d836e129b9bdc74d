// Spans of time as the npm package ms reads them.

const UNITS = { __proto__: null, ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_557_600 };
const WORDS = {
  __proto__: null, '': 'ms', msec: 'ms', msecs: 'ms', millisecond: 'ms', milliseconds: 'ms', sec: 's', secs: 's', second: 's',
  seconds: 's', min: 'm', mins: 'm', minute: 'm', minutes: 'm', hr: 'h', hrs: 'h', hour: 'h', hours: 'h', day: 'd', days: 'd',
  week: 'w', weeks: 'w', yr: 'y', yrs: 'y', year: 'y', years: 'y',
};

// A number is seconds; a text has a unit, and is milliseconds without one. Undefined for anything else.
export function seconds(span) {
  if (typeof span === 'number') return Number.isSafeInteger(span) ? span : undefined;
  if (typeof span !== 'string' || span.length > 100) return undefined;
  const found = /^(-?(?:\d+)?\.?\d+) *([a-z]*)$/i.exec(span);
  if (found === null) return undefined;
  const word = found[2].toLowerCase();
  const unit = UNITS[word] ?? UNITS[WORDS[word]];
  return unit === undefined ? undefined : Math.floor(+found[1] * unit);
}
