/// order_by_time_and_number
const log = [];
setTimeout(() => log.push('c'), 150);
setTimeout(() => log.push('a'), 1);
setTimeout(() => log.push('b'), 75);
setTimeout(() => log.push('a2'), 1);
await new Promise((r) => setTimeout(r, 250));
show(log);

/// zero_and_one_are_equal
const log = [];
setTimeout(() => log.push(1), 1);
setTimeout(() => log.push(0), 0);
setTimeout(() => log.push('none'));
setTimeout(() => log.push('negative'), -5);
setTimeout(() => log.push('NaN'), NaN);
await new Promise((r) => setTimeout(r, 20));
show(log);

/// microtasks_run_between_timers
const log = [];
setTimeout(() => { log.push('t1'); Promise.resolve().then(() => log.push('m1')); queueMicrotask(() => log.push('q1')); }, 1);
setTimeout(() => { log.push('t2'); Promise.resolve().then(() => log.push('m2')); }, 1);
await new Promise((r) => setTimeout(r, 20));
show(log);

/// arguments_are_passed
const got = await new Promise((r) => setTimeout((...args) => r(args), 0, 'a', 2, null));
show(got, await new Promise((r) => setTimeout(function () { r(arguments.length); }, 0)));

/// clear_timeout
const log = [];
const t = setTimeout(() => log.push('never'), 1);
clearTimeout(t);
const u = setTimeout(() => { log.push('u'); clearTimeout(v); }, 1);
const v = setTimeout(() => log.push('never v'), 1);
show(clearTimeout(), clearTimeout(null), clearTimeout(undefined), clearTimeout(1e9), clearTimeout('x'), clearTimeout({}));
await new Promise((r) => setTimeout(r, 20));
clearTimeout(u);
show(log);

/// intervals
const log = [];
await new Promise((r) => { const i = setInterval((x) => { log.push(x); if (log.length === 3) { clearInterval(i); r(); } }, 1, 'tick'); });
await new Promise((r) => setTimeout(r, 10));
show(log);

/// clear_functions_are_interchangeable
const log = [];
clearInterval(setTimeout(() => log.push('t'), 1));
clearTimeout(setInterval(() => log.push('i'), 1));
await new Promise((r) => setTimeout(r, 10));
show(log);

/// timers_set_by_timers
const log = [];
setTimeout(() => { log.push(1); setTimeout(() => log.push(3), 0); Promise.resolve().then(() => log.push(2)); }, 0);
await new Promise((r) => setTimeout(r, 20));
show(log);

/// callbacks_must_be_functions
show(thrown(() => setTimeout()), thrown(() => setTimeout('text')), thrown(() => setTimeout(null, 1)), thrown(() => setInterval({})), setTimeout.name, setInterval.name, clearTimeout.name);

/// id_converts_to_a_number
const t = setTimeout(() => {}, 1);
const n = +t;
show(typeof n, n > 0);
clearTimeout(n);

/// kind_of_the_id
const t = setTimeout(() => {}, 1);
show(typeof t);
clearTimeout(t);

/// ref_and_unref
const t = setTimeout(() => {}, 1);
show(typeof t.unref, typeof t.ref, typeof t.hasRef);
clearTimeout(t);

/// set_immediate
const log = [];
setImmediate((x) => log.push(x), 'now');
clearImmediate(setImmediate(() => log.push('never')));
await new Promise((r) => setTimeout(r, 5));
// On a busy machine Node.js comes to the timer first.
await new Promise((r) => setImmediate(r));
show(log);

/// long_delays_in_order
const log = [];
const a = setTimeout(() => log.push('late'), 2 ** 31 - 1);
setTimeout(() => log.push('early'), 2);
await new Promise((r) => setTimeout(r, 10));
clearTimeout(a);
show(log);

/// too_long_delays_are_one
const log = [];
setTimeout(() => log.push('overflow'), 2 ** 31);
setTimeout(() => log.push('infinite'), Infinity);
await new Promise((r) => setTimeout(r, 10));
show(log);

/// delay_conversion
const log = [];
setTimeout(() => log.push('text'), '75');
setTimeout(() => log.push('object'), { valueOf: () => 1 });
setTimeout(() => log.push('null'), null);
await new Promise((r) => setTimeout(r, 150));
show(log);

/// race_with_timeout
const timeout = (ms) => new Promise((_, no) => setTimeout(() => no(new RangeError('timeout')), ms));
show(await rejected(Promise.race([new Promise((r) => setTimeout(r, 300, 'slow')), timeout(2)])), await rejected(Promise.race([new Promise((r) => setTimeout(r, 1, 'fast')), timeout(300).catch(() => {})])));

/// debounce_and_throttle
const calls = [];
const debounce = (f, ms) => { let t; return (...a) => { clearTimeout(t); t = setTimeout(f, ms, ...a); }; };
const d = debounce((x) => calls.push(x), 2);
d(1); d(2); d(3);
await new Promise((r) => setTimeout(r, 20));
show(calls);

/// sleep_in_loops
const log = [];
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
await Promise.all([1, 2].map(async (n) => { for (let i = 0; i < 3; i++) { await sleep(n * 40); log.push(n); } }));
show(log.slice(0, 1), log.length, log.at(-1));

/// retry_with_backoff
let tries = 0;
const retry = async (f, n) => { for (let i = 0; ; i++) { try { return await f(); } catch (e) { if (i >= n) throw e; await new Promise((r) => setTimeout(r, 2 ** i)); } } };
show(await retry(async () => { if (++tries < 3) throw new RangeError('r'); return tries; }, 5));

/// this_of_callbacks
show(await new Promise((r) => setTimeout(function () { 'use strict'; r(this === undefined || typeof this === 'object'); }, 0)));

/// performance_shape
show(typeof performance.now(), performance.now() >= 0, typeof performance.timeOrigin, performance.now() <= performance.now(), Object.prototype.toString.call(performance));

/// performance_functions
show(typeof performance.mark, typeof performance.measure, typeof performance.toJSON);
