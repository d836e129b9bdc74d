/// async_generator_entered_again_through_then
let it, hits = 0, inside = false;
Object.defineProperty(Object.prototype, 'then', { configurable: true, get() { if (inside || !it) return undefined; inside = true; try { if (hits === 0) it.return(0); else if (hits === 1) { it.next(1); it.return(1); } hits++; } catch {} inside = false; return undefined; } });
async function* gen() { try { yield 1; await 0; yield 2; } finally { await 0; } }
it = gen();
const seen = [];
for (const k of ['next', 'next', 'return', 'next']) { it[k]().then((r) => seen.push(r.done), (e) => seen.push(e.name)); }
for (let i = 0; i < 40; i++) await null;
delete Object.prototype.then;
show(seen, hits);

/// async_generator_queue
const log = [];
async function* g() { try { log.push('start'); const a = yield 1; log.push(a); yield 2; } finally { log.push('end'); } }
const it = g();
const all = [it.next('x'), it.next('y'), it.return('z'), it.next(), it.throw(new RangeError('t'))];
show(await Promise.allSettled(all), log);

/// async_generator_return_of_promises
async function* g() { yield Promise.resolve(1); try { yield Promise.reject(new RangeError('r')); } catch (e) { yield e.name; } return Promise.resolve(3); }
const out = [];
for await (const x of g()) out.push(x);
const it = g();
show(out, await rejected(it.return(Promise.reject(new EvalError('e')))), await it.next(), await rejected(g().throw(new RangeError('x'))), await g().return(Promise.resolve(5)));

/// async_generator_yield_star
const log = [];
const inner = { [Symbol.asyncIterator]: () => ({ next: async (v) => { log.push(['next', v]); return { value: 1, done: false }; }, return: async (v) => { log.push(['return', v]); return { value: v, done: true }; }, throw: async (e) => { log.push(['throw', e.name]); throw e; } }) };
async function* g() { yield* inner; }
const it = g();
show(await it.next('a'), await it.next('b'), await it.return('c'), log);
const jt = g();
await jt.next();
show(await rejected(jt.throw(new RangeError('d'))), log.at(-1), await jt.next());

/// yield_star_of_sync_iterators
async function* g() { yield* [Promise.resolve(1), 2]; }
const out = [];
for await (const x of g()) out.push(x);
show(out, await rejected(async () => { for await (const x of [Promise.reject(new RangeError('p'))]) return x; }), await rejected(async () => { async function* h() { yield* 5; } for await (const _ of h()); }));

/// for_await_closes
const log = [];
const source = () => ({ [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1, done: false }), return: async () => { log.push('closed'); return {}; } }) });
for await (const _ of source()) break;
show(log.length, await rejected(async () => { for await (const _ of source()) throw new RangeError('b'); }), log.length, await rejected(async () => { for await (const x of { [Symbol.asyncIterator]: () => ({ next: () => 5 }) }) return x; }), await rejected(async () => { for await (const x of { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true }) }) }) return x; return 'none'; }));

/// then_getters_are_read_once
const log = [];
const thenable = { get then() { log.push('get'); return (r) => { log.push('call'); r(1); }; } };
show(await thenable, log, await Promise.resolve(thenable), log, await rejected({ get then() { throw new RangeError('g'); } }), await { then: 5 }, await Promise.all([thenable, { then(r) { r(2); } }]), log.length);

/// resolving_functions
const out = [];
let res, rej;
const p = new Promise((a, b) => { res = a; rej = b; });
show(res.name, res.length, rej.length, res(p), await rejected(p), (() => { let r; const q = new Promise((a) => { r = a; }); r({ then(f) { f(1); f(2); throw new Error('late'); } }); return q; })() instanceof Promise, thrown(() => new res()), res === rej, Object.hasOwn(res, 'prototype'));

/// promise_constructor_calls
show(thrown(() => Promise()), thrown(() => new Promise()), thrown(() => new Promise(5)), thrown(() => Promise.resolve.call(5)), thrown(() => Promise.resolve.call({})), await rejected(Promise.all.call(Promise, 5)), thrown(() => Promise.all.call(undefined, [])), await rejected(Promise.all()), await rejected(Promise.race()), await Promise.all([]), await Promise.allSettled([1, Promise.reject(2)]), (await rejected(Promise.any([]))).errors, (await rejected(Promise.any([Promise.reject(1), Promise.reject(2)]))).errors, await Promise.any([Promise.reject(1), 2]), await Promise.race([new Promise(() => {}), 3]));

/// promise_subclass
class Mine extends Promise { static get [Symbol.species]() { return Promise; } }
const m = new Mine((r) => r(1));
show(m instanceof Mine, m.then() instanceof Mine, Mine.resolve(m) === m, Mine.resolve(Promise.resolve(1)) instanceof Mine, Promise.resolve(m) === m, await m, Mine.all([]) instanceof Mine, m.finally(() => {}) instanceof Mine, m.catch(() => {}).constructor === Promise, (async () => m)() instanceof Mine);

/// promise_all_uses_resolve_and_then
const log = [];
class Mine extends Promise { static resolve(v) { log.push(`resolve ${v}`); return super.resolve(v); } then(...a) { log.push('then'); return super.then(...a); } }
show(await Mine.all([1, 2]), log.slice(0, 6));
const bad = Promise.resolve;
show(await rejected(Promise.all.call(class extends Promise { static get resolve() { return 5; } }, [1])), await rejected(Promise.race.call(class extends Promise { static resolve() { throw new RangeError('r'); } }, [1])), bad === Promise.resolve);

/// promise_all_closes_its_source
const log = [];
const source = (value) => ({ [Symbol.iterator]: () => ({ next: () => ({ value, done: false }), return() { log.push('closed'); return {}; } }) });
class Bad extends Promise { static resolve() { throw new RangeError('x'); } }
show(await rejected(Bad.all(source(1))), log, await rejected(Promise.all({ [Symbol.iterator]: () => ({ next() { throw new EvalError('n'); }, return() { log.push('no'); } }) })), log, await rejected(Promise.all({ [Symbol.iterator]: () => 5 })));

/// finally_passes_on
show(await Promise.resolve(1).finally(() => 2), await rejected(Promise.reject(1).finally(() => 2)), await rejected(Promise.resolve(1).finally(() => { throw new RangeError('f'); })), await rejected(Promise.resolve(1).finally(() => Promise.reject(new EvalError('e')))), await Promise.resolve(1).finally(), await Promise.resolve(1).finally(5), Promise.prototype.finally.length, thrown(() => Promise.prototype.finally.call(5)), (() => { const seen = []; Promise.prototype.finally.call({ constructor: Promise, then: (a, b) => seen.push(typeof a, typeof b) }, () => {}); return seen; })());

/// then_of_others
show(thrown(() => Promise.prototype.then.call({}, () => {})), await Promise.resolve(1).then(), await Promise.resolve(1).then(5), await rejected(Promise.reject(1).then(5, 6)), await Promise.resolve(1).then(null, null), thrown(() => Promise.prototype.catch.call({})), Promise.prototype.catch.call({ then: (...a) => a.length }, 1), thrown(() => { const p = Promise.resolve(); p.constructor = 5; return p.then(); }), (() => { const p = Promise.resolve(); p.constructor = undefined; return p.then() instanceof Promise; })());

/// order_of_many_kinds
const log = [];
const tick = (name, n) => { let p = Promise.resolve(); for (let i = 0; i < n; i++) p = p.then(() => log.push(`${name}${i}`)); };
tick('p', 6);
(async () => { await null; log.push('await'); await new Promise((r) => r()); log.push('await promise'); await { then(r) { r(); } }; log.push('await thenable'); })();
(async () => (async () => {})())().then(() => log.push('nested'));
Promise.resolve(Promise.resolve()).then(() => log.push('same'));
new Promise((r) => r(Promise.resolve())).then(() => log.push('adopted'));
for (let i = 0; i < 20; i++) await null;
show(log);

/// order_of_rejections
const log = [];
Promise.reject(1).catch(() => log.push('a')).then(() => log.push('b'));
Promise.resolve().then(() => { throw 2; }).then(() => log.push('no'), () => log.push('c'));
(async () => { try { await Promise.reject(3); } catch { log.push('d'); } finally { log.push('e'); } })();
Promise.allSettled([Promise.reject(4)]).then(() => log.push('f'));
Promise.any([Promise.reject(5)]).catch(() => log.push('g'));
for (let i = 0; i < 12; i++) await null;
show(log);

/// await_in_odd_places
const f = async (a = await0(), ...rest) => [a, rest];
function await0() { return 'd'; }
const o = { async *g() { yield* (await [1, 2]); }, async [await 'k']() { return await this.v; }, v: 3 };
const out = [];
for await (const x of o.g()) out.push(x);
show(await f(), out, await o.k(), [await 1, ...await [2, 3]], { ...await { a: 1 } }, `${await 't'}`, (await 5) ** 2, -(await 1), await (async () => { for (let i = await 0; i < await 2; i += await 1) out.push(i); return out.length; })(), await (await (async () => async () => 7)())());

/// errors_before_the_first_await
async function f({ a }) { return a; }
async function g(a = (() => { throw new RangeError('d'); })()) { return a; }
async function* h(a = (() => { throw new EvalError('d'); })()) { yield a; }
show(await rejected(f()), await rejected(g()), thrown(() => h()), await rejected(async () => { throw undefined; }), await rejected((async () => { let x = y; let y = 1; return x; })()));

/// try_finally_in_async
const run = async (act) => { const log = []; const r = await rejected(() => act(log)); return [r, log]; };
show(await run(async (l) => { try { return await 1; } finally { l.push(await 2); } }), await run(async (l) => { try { throw 1; } finally { l.push(await 2); return 3; } }), await run(async (l) => { for (const i of [1, 2]) { try { await null; continue; } finally { l.push(i); } } return 'end'; }), await run(async (l) => { a: try { await null; break a; } finally { l.push('f'); } return 5; }), await run(async (l) => { try { try { await Promise.reject(new RangeError('i')); } finally { l.push(1); } } catch (e) { l.push(e.name); throw e; } }));

/// generator_return_and_finally
function* g() { try { yield 1; } finally { yield 2; } }
const a = g();
show(a.next(), a.return(5), a.next(), a.next());
const b = g();
show(b.return(6), b.next(), thrown(() => b.throw(new RangeError('t'))));
const c = (function* () { try { yield 1; } finally { return 9; } })();
show(c.next(), c.return(5));
const d = (function* () { yield d.next; d.next(); })();
show(typeof d.next().value, thrown(() => d.next()), d.next());

/// yield_as_an_expression
const o = { *g() { try { this.result = yield 1; } finally { this.done = 1; } } };
const it = o.g();
it.next(); it.next(7);
function* h() { const x = [yield, yield]; return { ...(yield x), [yield 'k']: yield 'v' }; }
const ht = h();
show(o.result, o.done, ht.next(), ht.next(1), ht.next(2), ht.next({ a: 1 }), ht.next('key'), ht.next('val'));

/// unsettled_values_are_collected_late
const p = new Promise(() => {});
const r = await Promise.race([p, Promise.resolve('won')]);
show(r, Object.prototype.toString.call(p), await Promise.race([p, new Promise((f) => setTimeout(f, 5, 'timer'))]));

/// async_iteration_protocol
const AsyncGen = Object.getPrototypeOf(async function* () {});
const proto = AsyncGen.prototype;
show(await rejected(proto.next.call({})), await rejected(proto.return.call(5)), proto[Symbol.toStringTag], Object.getPrototypeOf(proto)[Symbol.asyncIterator].call(7), AsyncGen[Symbol.toStringTag], typeof AsyncGen.constructor, thrown(() => new (async () => {})()), thrown(() => new (async function* () {})()), (async () => {}).hasOwnProperty('prototype'), (async function* () {}).prototype instanceof Object, await (async function* () { return this; }).call(5).next().then((x) => typeof x.value));

/// unhandled_but_handled_later
const p = Promise.reject(new RangeError('later'));
p.catch(() => {});
show(await rejected(p), await rejected(Promise.all([p, Promise.reject(1).catch(() => 2)])));

/// asks_behind_the_end_of_an_async_generator
async function* g() { yield 1; }
const it = g();
show(await Promise.all([it.next(), it.next(), it.next(), it.next(), it.return(5), it.next()]), await it.next());
async function* h() { throw new RangeError('h'); }
const jt = h();
show(await Promise.allSettled([jt.next(), jt.next(), jt.throw(new EvalError('j')), jt.next()]));

/// returns_behind_one_another
async function* g() { yield 1; }
const it = g();
show(await Promise.allSettled([it.return(1), it.return(Promise.reject(new RangeError('r'))), it.next(), it.return(Promise.resolve(3)), it.throw(new EvalError('t'))]));
const log = [];
const jt = g();
jt.next().then(() => log.push('first'));
jt.return('x').then((r) => log.push(r.value));
jt.next().then((r) => log.push(r.done));
for (let i = 0; i < 15; i++) await null;
show(log);

/// asks_while_an_answer_is_given
const log = [];
async function* g() { for (let i = 0; i < 5; i++) { log.push(`in ${i}`); yield i; await null; } }
const it = g();
const ask = () => it.next().then((r) => { log.push(r.value); if (!r.done) { ask(); if (r.value === 1) ask(); } });
ask();
for (let i = 0; i < 60; i++) await null;
show(log);

/// for_await_with_many_readers
async function* g() { for (let i = 0; i < 6; i++) yield i; }
const it = g(), out = [];
const reader = async (name) => { for await (const x of it) out.push(`${name}${x}`); out.push(`${name} ends`); };
await Promise.all([reader('a'), reader('b'), reader('c')]);
show(out.sort());
