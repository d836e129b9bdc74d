/// order_of_microtasks
const log = [];
queueMicrotask(() => log.push('micro'));
Promise.resolve().then(() => log.push('then 1')).then(() => log.push('then 2'));
(async () => { log.push('async start'); await null; log.push('async after'); })();
log.push('sync');
await null; await null; await null; await null;
show(log);

/// await_of_values_promises_and_thenables
const log = [];
const run = async (name, v) => { await v; log.push(name); };
const all = [run('thenable', { then(r) { r(); } }), run('promise', Promise.resolve()), run('value', 1), run('async', (async () => {})())];
await Promise.all(all);
show(log);

/// return_of_promise_takes_more_ticks
const log = [];
(async () => Promise.resolve())().then(() => log.push('returned promise'));
(async () => { await Promise.resolve(); })().then(() => log.push('awaited'));
Promise.resolve().then(() => log.push('1')).then(() => log.push('2')).then(() => log.push('3')).then(() => log.push('4'));
for (let i = 0; i < 8; i++) await null;
show(log);

/// resolve_with_thenable_is_late
const log = [];
new Promise((r) => r({ then(f) { log.push('then called'); f('value'); } })).then((v) => log.push(v));
log.push('sync');
Promise.resolve().then(() => log.push('a')).then(() => log.push('b')).then(() => log.push('c'));
for (let i = 0; i < 6; i++) await null;
show(log);

/// executor_throws_and_double_settles
show(await rejected(new Promise(() => { throw new RangeError('r'); })), await new Promise((a, b) => { a(1); b(2); a(3); throw new Error('late'); }), thrown(() => new Promise()), thrown(() => Promise()), thrown(() => new Promise(1)));

/// self_resolution
let r;
const p = new Promise((resolve) => { r = resolve; });
r(p);
show(await rejected(p));

/// then_arguments
show(await Promise.resolve(1).then(2), await Promise.resolve(1).then(null, null), await rejected(Promise.reject(new RangeError('r')).then((x) => x)), await Promise.reject(1).catch((e) => e + 1), await Promise.reject(1).then(undefined, (e) => [e]), await Promise.resolve(1).then(() => { throw 2; }).catch((e) => ['caught', e]));

/// finally
const log = [];
show(await Promise.resolve('kept').finally((...args) => { log.push(args.length); return 'ignored'; }), await rejected(Promise.reject(new RangeError('kept')).finally(() => 1)), await rejected(Promise.resolve(1).finally(() => { throw new TypeError('t'); })), await rejected(Promise.resolve(1).finally(() => Promise.reject(new EvalError('e')))), log, await Promise.resolve(1).finally(5));

/// all
show(await Promise.all([1, Promise.resolve(2), { then: (r) => r(3) }]), await Promise.all([]), await rejected(Promise.all([Promise.reject(new RangeError('first')), Promise.reject(new TypeError('second'))])), await Promise.all('ab'), await rejected(Promise.all(5)), await rejected(Promise.all()));

/// all_settled
show(await Promise.allSettled([1, Promise.reject('no'), Promise.resolve('yes')]), await Promise.allSettled([]));

/// any
const e = await rejected(Promise.any([Promise.reject(1), Promise.reject(2)]));
show(await Promise.any([Promise.reject(1), 2, 3]), e, e.errors, await rejected(Promise.any([])));

/// message_of_any
show((await rejected(Promise.any([]))).message);

/// race
show(await Promise.race([Promise.resolve('a'), 'b']), await rejected(Promise.race([Promise.reject(new RangeError('r')), 1])), await Promise.race([new Promise(() => {}), 'only']), await Promise.race([Promise.race([]), 'x']));

/// resolve_returns_same_promise
const p = Promise.resolve(1);
class Sub extends Promise {}
show(Promise.resolve(p) === p, Promise.resolve(Sub.resolve(1)) instanceof Sub, Sub.resolve(p) === p, Sub.resolve(p) instanceof Sub, (await Promise.reject(p).catch((x) => x)) === 1);

/// combinators_call_resolve_once_each
let calls = 0;
class P extends Promise { static resolve(v) { calls++; return super.resolve(v); } }
await P.all([1, 2, 3]);
show(calls, P.all([]) instanceof P, Promise.all.call(P, []) instanceof P, thrown(() => Promise.all.call(undefined, [])), thrown(() => Promise.resolve.call(1)));

/// combinators_close_iterators
const log = [];
const it = { [Symbol.iterator]() { return { next: () => ({ value: 1, done: false }), return: () => (log.push('closed'), {}) }; } };
class P extends Promise { static resolve() { throw new RangeError('r'); } }
show(await rejected(P.all(it)), log);

/// async_function_results
const f = async (x) => { if (x) throw new RangeError('r'); return 'ok'; };
show(f() instanceof Promise, await f(), await rejected(f(1)), await rejected((async (x = missing) => 1)()), Object.prototype.toString.call(f), thrown(() => new f()), f.prototype, await rejected((async ({ a }) => a)()));

/// await_in_many_places
const p = (v) => Promise.resolve(v);
const o = { [await p('key')]: await p('value'), a: [await p(1), ...(await p([2, 3]))] };
let s = '';
for (let i = await p(0); i < (await p(3)); i += await p(1)) s += `${await p(i)}`;
show(o, s, (await p(5)) ** 2, (await p((x) => x + 1))(await p(1)), await (await p(p(7))), await p(null) ?? 'default');

/// try_catch_finally_with_await
const log = [];
const f = async () => { try { await Promise.reject(new RangeError('r')); } catch (e) { log.push(e); return await 'caught'; } finally { await null; log.push('finally'); } };
show(await f(), log);

/// sequential_and_parallel
const log = [];
const job = async (n) => { log.push(`start ${n}`); await null; log.push(`end ${n}`); return n; };
for (const n of [1, 2]) await job(n);
show(await Promise.all([job(3), job(4)]), log);

/// thenable_getters_are_read_once
let reads = 0;
const thenable = { get then() { reads++; return (r) => r('v'); } };
show(await thenable, reads, await Promise.resolve(thenable), reads, await rejected(Promise.resolve({ get then() { throw new RangeError('r'); } })));

/// microtasks_before_timers
const log = [];
const done = new Promise((r) => setTimeout(() => { log.push('timer'); r(); }, 0));
Promise.resolve().then(() => { log.push('micro'); queueMicrotask(() => log.push('nested')); });
await done;
show(log);

/// queue_microtask
const log = [];
show(queueMicrotask(() => log.push(1)), thrown(() => queueMicrotask()), thrown(() => queueMicrotask('x')), queueMicrotask.length);
await null;
show(log);

/// deferred_and_semaphore
const defer = () => { let resolve, reject; const promise = new Promise((a, b) => { resolve = a; reject = b; }); return { promise, resolve, reject }; };
const d = defer();
setTimeout(() => d.resolve('later'), 1);
let running = 0, peak = 0;
const limit = (n) => { const queue = []; let free = n; const next = () => { if (free && queue.length) { free--; queue.shift()(); } }; return async (f) => { await new Promise((r) => { queue.push(r); next(); }); try { return await f(); } finally { free++; next(); } }; };
const gate = limit(2);
await Promise.all(Array.from({ length: 5 }, () => gate(async () => { running++; peak = Math.max(peak, running); await null; running--; })));
show(await d.promise, peak);

/// late_handlers_are_called
const p = Promise.reject(new RangeError('r'));
p.catch(() => {});
await null;
show(await rejected(p), await rejected(p.then(() => 1)));

/// await_order_among_functions
const log = [];
const a = async () => { log.push('a1'); await b(); log.push('a2'); };
const b = async () => { log.push('b1'); await null; log.push('b2'); };
a();
Promise.resolve().then(() => log.push('p1')).then(() => log.push('p2')).then(() => log.push('p3'));
for (let i = 0; i < 6; i++) await null;
show(log);

/// async_iteration_order
const log = [];
const gen = async function* () { for (const x of [1, 2]) { log.push(`y${x}`); yield x; } };
const reader = (async () => { for await (const x of gen()) log.push(`g${x}`); })();
Promise.resolve().then(() => log.push('t1')).then(() => log.push('t2')).then(() => log.push('t3')).then(() => log.push('t4')).then(() => log.push('t5'));
await reader;
show(log);

/// constructor_property_and_species
const p = Promise.resolve(1);
p.constructor = { [Symbol.species]: function (run) { run(() => {}, () => {}); this.made = true; } };
show(p.then(() => {}).made, Promise.length, Promise.prototype[Symbol.toStringTag], Promise.prototype.then.length, thrown(() => Promise.prototype.then.call({}, () => {})));

/// uncaught_in_async_ends_the_snippet
show('before');
await Promise.reject(new RangeError('r'));
show('never');
