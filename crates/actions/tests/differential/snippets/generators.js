/// next_return_throw
function* g() { try { const got = yield 1; show('got', got); yield 2; } finally { show('finally'); } }
const a = g();
show(a.next('lost'), a.next('x'), a.return(9), a.next());
const b = g();
b.next();
show(thrown(() => b.throw(new RangeError('r'))), b.next());
const c = g();
show(c.return(5), c.next(), thrown(() => g().throw(new TypeError('t'))));

/// finally_overrides_return
function* g() { try { yield 1; } finally { yield 'cleaning'; return 'other'; } }
const a = g();
show(a.next(), a.return('wanted'), a.next(), a.next());

/// delegation
function* inner() { const x = yield 'a'; return x + '!'; }
function* outer() { const r = yield* inner(); yield r; yield* [1, 2]; yield* 'hi'; return 'end'; }
const a = outer();
show(a.next(), a.next('X'), [...a], a.next());

/// delegation_to_iterators_without_return_or_throw
const bare = { [Symbol.iterator]() { return { next: () => ({ value: 1, done: false }) }; } };
function* g() { yield* bare; }
const a = g();
a.next();
show(a.return(7), a.next());
const closing = { [Symbol.iterator]() { return { next: () => ({ value: 1, done: false }), return: () => (show('closed'), {}) }; } };
const b = (function* () { yield* closing; })();
b.next();
show(thrown(() => b.throw(new RangeError('lost'))));

/// already_running
let a;
function* g() { yield thrown(() => a.next()); }
a = g();
show(a.next());

/// generator_objects_have_their_prototype
function* g() {}
g.prototype.extra = 1;
const a = g();
show(a.extra, a instanceof g, a[Symbol.iterator]() === a, Object.getPrototypeOf(g).constructor.name, thrown(() => new g()));

/// arguments_are_evaluated_at_the_call
const order = [];
function* g(x = order.push('default')) { order.push('body'); yield x; }
const a = g();
order.push('between');
a.next();
show(order, thrown(() => (function* ({ x }) {})()));

/// spread_and_destructuring_close_iterators
const make = () => { let n = 0; return { log: [], [Symbol.iterator]() { return this; }, next() { this.log.push('next'); return { value: n++, done: n > 4 }; }, return() { this.log.push('return'); return {}; } }; };
const a = make(), b = make(), c = make(), d = make();
const [x, y] = a;
const [...rest] = b;
const [] = c;
for (const v of d) { if (v === 1) break; }
show(x, y, rest, a.log, b.log, c.log, d.log);

/// for_of_closes_on_throw_and_return
const make = () => ({ log: [], [Symbol.iterator]() { return this; }, next() { return { value: 1, done: false }; }, return() { this.log.push('return'); throw new RangeError('inner'); } });
const a = make(), b = make(), c = make();
show(thrown(() => { for (const v of a) throw new TypeError('outer'); }), a.log);
show(thrown(() => { for (const v of b) break; }), b.log);
show(thrown(() => (() => { for (const v of c) return 1; })()), c.log);

/// return_that_is_not_an_object
const it = (value) => ({ [Symbol.iterator]() { return { next: () => ({ value: 1, done: false }), return: () => value }; } });
show(thrown(() => { for (const v of it(1)) break; }), thrown(() => { for (const v of it({})) break; return 'ok'; }));

/// next_that_is_not_an_object
show(thrown(() => [...{ [Symbol.iterator]: () => ({ next: () => 1 }) }]));
show(thrown(() => [...{ [Symbol.iterator]: () => 1 }]), thrown(() => [...{ [Symbol.iterator]: () => ({}) }]), thrown(() => [...{}]), thrown(() => [...{ [Symbol.iterator]: 5 }]));

/// next_is_read_once
let reads = 0;
const it = { [Symbol.iterator]() { let n = 0; return { get next() { reads++; return () => ({ value: n++, done: n > 3 }); } }; } };
show([...it], reads);

/// lazy_pipeline
const take = function* (n, source) { let i = 0; if (n > 0) for (const x of source) { yield x; if (++i >= n) return; } };
const map = function* (f, source) { for (const x of source) yield f(x); };
const naturals = function* () { for (let i = 0; ; i++) yield i; };
show([...take(5, map((x) => x * x, naturals()))]);

/// recursive_delegation
const walk = function* (tree) { if (tree) { yield* walk(tree.l); yield tree.v; yield* walk(tree.r); } };
show([...walk({ v: 4, l: { v: 2, l: { v: 1 }, r: { v: 3 } }, r: { v: 5 } })]);

/// yield_precedence_and_forms
function* g() { const a = yield; const b = [yield, yield]; const c = { [yield 'key']: yield 'value' }; return [a, b, c, `${yield 't'}`]; }
const it = g();
const seen = [];
let step = it.next();
for (let i = 1; !step.done; i++) { seen.push(step.value); step = it.next(i); }
show(seen, step.value);

/// async_generator_queue
async function* g() { const got = []; got.push(yield 1); got.push(yield 2); return got; }
const a = g();
show(await Promise.all([a.next('lost'), a.next('x'), a.next('y'), a.next('z')]));

/// async_generator_return_and_throw
async function* g() { try { yield 1; yield 2; } finally { show('finally'); } }
const a = g();
await a.next();
show(await a.return(Promise.resolve('awaited')), await a.next());
const b = g();
await b.next();
show(await rejected(b.throw(new RangeError('r'))), await b.next());
const c = g();
show(await c.return('early'), await rejected(g().throw(new TypeError('t'))));

/// async_generator_awaits_what_it_yields
async function* g() { yield Promise.resolve('value'); try { yield Promise.reject(new RangeError('r')); } catch (e) { yield e; } }
const out = [];
for await (const x of g()) out.push(x);
show(out);

/// async_delegation
async function* inner() { yield 1; return 'inner'; }
async function* outer() { const r = yield* inner(); yield r; yield* [2, Promise.resolve(3)]; }
const out = [];
for await (const x of outer()) out.push(x);
show(out);

/// for_await_over_sync_and_promises
const out = [];
for await (const x of [1, Promise.resolve(2), { then(r) { r(3); } }]) out.push(x);
show(out, await rejected(async () => { for await (const x of [Promise.reject(new RangeError('r'))]) show('never'); }));

/// for_await_closes_iterators
const make = () => ({ log: [], [Symbol.asyncIterator]() { return this; }, async next() { return { value: 1, done: false }; }, async return() { this.log.push('return'); return {}; } });
const a = make(), b = make();
for await (const x of a) break;
await rejected(async () => { for await (const x of b) throw new TypeError('t'); });
show(a.log, b.log);

/// async_from_sync_iterator_closes_on_rejection
const log = [];
const sync = { [Symbol.iterator]() { return { next: () => ({ value: Promise.reject(new RangeError('r')), done: false }), return: () => (log.push('return'), {}) }; } };
show(await rejected(async () => { for await (const x of sync) log.push('never'); }), log);

/// order_of_async_generator_ticks
const order = [];
async function* g() { order.push('start'); yield 1; order.push('resumed'); }
const a = g();
const p = a.next().then(() => order.push('first'));
Promise.resolve().then(() => order.push('t1')).then(() => order.push('t2')).then(() => order.push('t3'));
await p;
await a.next();
show(order);

/// prototype_chain_of_iterators
const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
show(Object.prototype.hasOwnProperty.call(iteratorPrototype, Symbol.iterator));
for (const it of [[].values(), new Map().keys(), new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g), (function* () {})()]) {
  show(Object.prototype.toString.call(it), it[Symbol.iterator]() === it, iteratorPrototype.isPrototypeOf(it));
}

/// array_iterator_sees_growth_and_stays_done
const a = [1, 2];
const it = a.values();
const out = [it.next().value];
a.push(3);
for (const x of it) out.push(x);
a.push(4);
show(out, it.next());

/// map_iteration_under_mutation
const m = new Map([[1, 'a'], [2, 'b'], [3, 'c']]);
const seen = [];
for (const [k] of m) { seen.push(k); if (k === 1) { m.delete(2); m.set(4, 'd'); m.delete(1); m.set(1, 'again'); } if (seen.length > 9) break; }
show(seen, [...m.keys()]);

/// set_iteration_under_clear
const s = new Set([1, 2, 3]);
const seen = [];
for (const x of s) { seen.push(x); if (x === 2 && seen.length < 4) { s.clear(); s.add(2).add(9); } }
show(seen);

/// generator_methods_in_objects
const o = { *[Symbol.iterator]() { yield this.a; yield this.b; }, a: 1, b: 2, async *later() { yield* this; } };
const out = [];
for await (const x of o.later()) out.push(x);
show([...o], Math.max(...o), new Set(o), Array.from(o, (x) => x + 1), out);

/// try_finally_in_loops
function* g() { for (const i of [1, 2, 3]) { try { if (i === 2) continue; yield i; } finally { yield `f${i}`; } } }
show([...g()]);
