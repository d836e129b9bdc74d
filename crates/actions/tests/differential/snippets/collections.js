/// map_basics
const m = new Map([['a', 1], ['b', 2]]);
show(m.set('c', 3) === m, m.get('b'), m.get('z'), m.has('a'), m.delete('a'), m.delete('a'), m.size, [...m], m.clear(), m.size, thrown(() => Map()), thrown(() => new Map(1)), thrown(() => new Map([1])), new Map(null).size, Map.length);

/// map_keys_by_same_value_zero
const o = {}, f = () => {};
const m = new Map([[NaN, 'nan'], [0, 'zero'], [o, 'object'], [f, 'function'], [null, 'null'], [undefined, 'undefined'], ['0', 'text'], [1n, 'big'], [Symbol.iterator, 'symbol']]);
show(m.get(NaN), m.get(-0), m.get(o), m.get({}), m.get(f), m.get(null), m.get(), m.get('0'), m.get(1n), m.get(1), m.get(Symbol.iterator), [...new Map([[-0, 1]]).keys()]);

/// insertion_order_after_updates
const m = new Map([['a', 1], ['b', 2], ['c', 3]]);
m.set('a', 9); m.delete('b'); m.set('b', 8);
show([...m], [...m.entries()].length, [...m.keys()], [...m.values()], m[Symbol.iterator] === m.entries);

/// for_each
const log = [];
new Map([['k', 'v']]).forEach(function (v, k, m) { log.push(v, k, m.size, this.t); }, { t: 'this' });
new Set(['x']).forEach((v, k, s) => log.push(v, k, s.size));
show(log, thrown(() => new Map().forEach(1)));

/// set_basics
const s = new Set('hello');
show(s.size, [...s], s.add('z') === s, s.has('l'), s.delete('l'), [...s.entries()][0], s.keys === s.values, s[Symbol.iterator] === s.values, thrown(() => Set()), thrown(() => new Set(5)), new Set([[1], [1]]).size, Set.length);

/// set_algebra_by_hand
const a = new Set([1, 2, 3]), b = new Set([2, 3, 4]);
show(new Set([...a, ...b]), new Set([...a].filter((x) => b.has(x))), new Set([...a].filter((x) => !b.has(x))), [...a].every((x) => b.has(x)));

/// weak_map_and_set
const k = {}, m = new WeakMap([[k, 1]]), s = new WeakSet([k]);
show(m.get(k), m.has({}), m.delete(k), m.has(k), thrown(() => m.set(1, 1)), thrown(() => m.set('x', 1)), m.get('x'), m.delete(1), s.has(k), s.delete(k), thrown(() => s.add(null)), 'size' in m, thrown(() => new WeakMap([[1, 2]])), Object.prototype.toString.call(m));

/// weak_ref_holds_while_used
const o = { a: 1 };
const r = new WeakRef(o);
show(r.deref() === o, thrown(() => new WeakRef(1)), Object.prototype.toString.call(r), thrown(() => WeakRef(o)));

/// constructors_use_set_and_add
const log = [];
class M extends Map { set(k, v) { log.push(k); return super.set(k, v); } }
class S extends Set { add(v) { log.push(v); return super.add(v); } }
new M([['a', 1]]); new S(['b']);
show(log);

/// constructor_closes_iterator_on_error
const log = [];
const it = { [Symbol.iterator]() { return { next: () => ({ value: 1, done: false }), return: () => (log.push('closed'), {}) }; } };
show(thrown(() => new Map(it)), log, thrown(() => new WeakSet(it)), log);

/// receivers
show(thrown(() => Map.prototype.get.call({}, 1)), thrown(() => Map.prototype.set.call(new WeakMap(), {}, 1)), thrown(() => Set.prototype.has.call(new Map(), 1)), thrown(() => Object.getOwnPropertyDescriptor(Map.prototype, 'size').get.call(new Set())), Map.prototype[Symbol.toStringTag], Object.prototype.toString.call(new Set().values()));

/// iterators_are_live_and_end
const s = new Set([1]);
const it = s.values();
const first = it.next();
s.add(2);
const second = it.next(), end = it.next();
s.add(3);
show(first, second, end, it.next());

/// map_of_maps_and_json
const m = new Map([['x', new Map([['y', 1]])]]);
show(m, JSON.stringify(m), JSON.stringify([...m]), JSON.stringify(new Set([1])), Object.fromEntries(m).x.get('y'));

/// many_entries
const m = new Map();
for (let i = 0; i < 5000; i++) m.set(`k${i}`, i);
for (let i = 0; i < 5000; i += 2) m.delete(`k${i}`);
show(m.size, [...m.keys()].slice(0, 3), m.get('k4999'), [...m.values()].reduce((a, b) => a + b));

/// lru_cache
class Lru { #m = new Map(); constructor(n) { this.n = n; } get(k) { if (!this.#m.has(k)) return undefined; const v = this.#m.get(k); this.#m.delete(k); this.#m.set(k, v); return v; } set(k, v) { this.#m.delete(k); this.#m.set(k, v); if (this.#m.size > this.n) this.#m.delete(this.#m.keys().next().value); } keys() { return [...this.#m.keys()]; } }
const c = new Lru(2);
c.set('a', 1); c.set('b', 2); c.get('a'); c.set('c', 3);
show(c.keys(), c.get('b'));
