/// key_order
const o = { b: 1, 2: 1, a: 1, 1: 1, [Symbol('s')]: 1, '01': 1, '-1': 1 };
o.c = 1; o[0] = 1; delete o.b; o.b = 1;
show(Object.keys(o), JSON.stringify(o), Reflect.ownKeys(o).map(String));

/// define_property_attributes
const o = {};
Object.defineProperty(o, 'x', { value: 1 });
show(describe(o), thrown(() => Object.defineProperty(o, 'x', { value: 2 })), Object.defineProperty(o, 'x', { value: 1 }) === o, thrown(() => Object.defineProperty(o, 'y', { get() {}, value: 1 })), thrown(() => Object.defineProperty(1, 'x', {})), thrown(() => Object.defineProperty(o, 'z', 1)), thrown(() => Object.defineProperty(o, 'g', { get: 1 })));

/// define_properties_and_descriptors
const o = Object.defineProperties({}, { a: { value: 1, enumerable: true }, b: { get: () => 2, configurable: true } });
show(describe(o), Object.getOwnPropertyDescriptors({ x: 1, get y() { return 1; } }), Object.getOwnPropertyDescriptor('abc', 0), Object.getOwnPropertyDescriptor('abc', 'length'), Object.getOwnPropertyDescriptor({}, 'none'));

/// freeze_seal_prevent
const f = Object.freeze({ a: { b: 1 } }), s = Object.seal({ a: 1 }), p = Object.preventExtensions({ a: 1 });
f.a.b = 2; s.a = 2; delete s.a; p.b = 1; delete p.a;
show(f, s, p, [f, s, p].map((o) => [Object.isFrozen(o), Object.isSealed(o), Object.isExtensible(o)]), Object.isFrozen(1), Object.isFrozen('x'), Object.freeze(1), Object.isFrozen({}), Object.isFrozen(Object.preventExtensions({})));

/// assign
const target = { a: 1, set s(v) { show('setter', v); } };
show(Object.assign(target, { a: 2, s: 3 }, null, undefined, 'xy', [9], 5, true) === target, target, thrown(() => Object.assign(null)), thrown(() => Object.assign(Object.freeze({ a: 1 }), { a: 2 })), Object.assign(1, { a: 1 }));

/// entries_and_from_entries
show(Object.entries({ b: 1, a: [2] }), Object.values('ab'), Object.fromEntries(new Map([['x', 1]])), Object.fromEntries([[1, 2], ['1', 3]]), thrown(() => Object.fromEntries([1])), thrown(() => Object.fromEntries()), thrown(() => Object.entries(null)), Object.entries(5), Object.fromEntries([['__proto__', 1]]));

/// prototypes
const p = { hi() { return 'hi'; } }, o = Object.create(p);
show(Object.getPrototypeOf(o) === p, p.isPrototypeOf(o), Object.setPrototypeOf(o, null) === o, o instanceof Object, thrown(() => o.hi()), thrown(() => Object.setPrototypeOf(p, Object.create(p))), thrown(() => Object.create(1)), Object.getPrototypeOf(1) === Number.prototype, thrown(() => Object.setPrototypeOf(Object.preventExtensions({}), p)), o.__proto__);

/// proto_accessor
const a = {}, b = { x: 1 };
a.__proto__ = b;
show(a.x, Object.keys(a), (a.__proto__ = 5, a.__proto__ === b), thrown(() => { b.__proto__ = a; }), Object.getOwnPropertyDescriptor(Object.prototype, '__proto__').get.call(a) === b);

/// own_property_tests
const o = Object.create({ inherited: 1 }, { hidden: { value: 1 } });
o.own = 1;
show(['inherited', 'hidden', 'own'].map((k) => [Object.hasOwn(o, k), o.hasOwnProperty(k), k in o, o.propertyIsEnumerable(k)]), Object.hasOwn('ab', 1), thrown(() => Object.hasOwn(null, 'x')), Object.hasOwn(Object.create(null), 'x'));

/// is_and_same_value
show(Object.is(NaN, NaN), Object.is(0, -0), Object.is('a', 'a'), Object.is({}, {}), [NaN].includes(NaN), [-0].includes(0), new Set([0, -0]).size, new Map([[NaN, 1]]).get(NaN));

/// legacy_accessor_methods
const o = {};
o.__defineGetter__('x', () => 5);
o.__defineSetter__('x', (v) => show('set', v));
o.x = 1;
show(o.x, typeof o.__lookupGetter__('x'), o.__lookupSetter__('none'), describe(o));

/// object_constructor
show(typeof Object(1), Object(null), Object('a').length, new Object({ a: 1 }), Object() instanceof Object, Object(Symbol.iterator) == Symbol.iterator, Object.length, new Object(undefined));

/// to_string_forms
show(String(Object.create(null, { toString: { value: () => 'custom' } })), thrown(() => String(Object.create(null))), ({}).toLocaleString(), `${{}}`, ({ toString() { return 1; } }) + '', Object.prototype.toString.call(undefined));

/// accessors_with_receivers
const base = { get me() { return this.name; }, set me(v) { this.name = v; } };
const o = Object.create(base);
o.me = 'o';
show(o, base, o.me, Reflect.get(base, 'me', { name: 'receiver' }), Reflect.set(base, 'me', 'x', o), o.name);

/// reflect_basics
const o = { a: 1 };
show(Reflect.has(o, 'a'), Reflect.ownKeys(o), Reflect.deleteProperty(o, 'a'), Reflect.deleteProperty(Object.freeze({ x: 1 }), 'x'), Reflect.defineProperty(o, 'b', { value: 1 }), Reflect.set(o, 'b', 2), Reflect.isExtensible(o), Reflect.preventExtensions(o), Reflect.set(o, 'c', 1), Reflect.getOwnPropertyDescriptor(o, 'b'), Reflect.setPrototypeOf(o, null), thrown(() => Reflect.ownKeys(1)), thrown(() => Reflect.has('x', 'length')));

/// reflect_apply_and_construct
class A { constructor(...xs) { this.xs = xs; this.nt = new.target.name; } }
class B {}
const made = Reflect.construct(A, [1, 2], B);
show(made, made instanceof B, Reflect.apply(Math.max, null, [1, 3]), Reflect.apply(String.prototype.slice, 'abc', [1]), thrown(() => Reflect.apply(1)), thrown(() => Reflect.construct(() => {}, [])), thrown(() => Reflect.apply(() => {}, null, 1)));

/// reflect_set_with_receiver
const target = {}, receiver = {};
show(Reflect.set(target, 'x', 1, receiver), target, receiver, Reflect.set({ set y(v) { this.got = v; } }, 'y', 2, receiver), receiver, Reflect.set({}, 'z', 1, 5), Reflect.set(Object.create(Object.freeze({ w: 1 })), 'w', 2));

/// proxy_logs_all_traps
const log = [];
const p = new Proxy({ a: 1 }, new Proxy({}, { get: (_, name) => (...args) => (log.push(name), Reflect[name](...args)) }));
p.a; p.b = 2; 'a' in p; delete p.a; Object.keys(p); Object.getPrototypeOf(p); Object.isExtensible(p); ({ ...p }); p instanceof Object; Object.defineProperty(p, 'c', { value: 1 }); JSON.stringify(p); Object.freeze(p);
show(log);

/// proxy_traps_of_for_in
const log = [];
const p = new Proxy({ a: 1 }, new Proxy({}, { get: (_, name) => (...args) => (log.push(name), Reflect[name](...args)) }));
for (const k in p) log.push(k);
show(log);

/// proxy_for_functions
const log = [];
const F = new Proxy(function (x) { return { x }; }, { apply: (t, self, args) => (log.push('apply', self, args), t(...args)), construct: (t, args, nt) => (log.push('construct', args, nt === F), { made: true }) });
show(F(1), F.call('s', 2), new F(3), log, typeof F, F.length, thrown(() => new (new Proxy(() => {}, {}))()), thrown(() => new (new Proxy(function () {}, { construct: () => 1 }))()));

/// proxy_invariants
const frozen = Object.freeze({ a: 1 });
show(thrown(() => new Proxy(frozen, { get: () => 2 }).a), thrown(() => 'a' in new Proxy(frozen, { has: () => false })), thrown(() => Object.keys(new Proxy(frozen, { ownKeys: () => [] }))), thrown(() => Object.keys(new Proxy({}, { ownKeys: () => ['x', 'x'] }))), thrown(() => Object.getPrototypeOf(new Proxy(frozen, { getPrototypeOf: () => null }))), thrown(() => Object.isExtensible(new Proxy({}, { isExtensible: () => false }))), thrown(() => { 'use strict'; new Proxy({}, { set: () => false }).x = 1; }), thrown(() => { 'use strict'; delete new Proxy({}, { deleteProperty: () => false }).x; }), thrown(() => Object.defineProperty(new Proxy({}, { defineProperty: () => false }), 'x', {})), thrown(() => Object.keys(new Proxy({}, { ownKeys: () => [1] }))));

/// proxy_revoked
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();
revoke();
show(thrown(() => proxy.x), thrown(() => { proxy.x = 1; }), typeof proxy, thrown(() => Object.keys(proxy)), typeof new Proxy(proxy, {}), thrown(() => Proxy({}, {})), thrown(() => new Proxy(1, {})));

/// proxy_defaults_and_negative_indexes
const list = new Proxy([1, 2, 3], { get: (t, k, r) => (typeof k === 'string' && /^-\d+$/.test(k) ? t[t.length + Number(k)] : Reflect.get(t, k, r)) });
const counts = new Proxy({}, { get: (t, k) => t[k] ?? 0 });
counts.a++; counts.a++; counts.b++;
show(list[-1], list.length, list.map((x) => x * 2), Array.isArray(list), { ...counts });

/// proxy_as_prototype
const log = [];
const o = Object.create(new Proxy({}, { get: (t, k, r) => (log.push(['get', k, r === o]), 'v'), has: (t, k) => (log.push(['has', k]), true), set: (t, k, v, r) => (log.push(['set', k, r === o]), true) }));
show(o.x, 'y' in o, (o.z = 1), Object.keys(o), log);

/// proxy_of_built_in_with_slots
const p = new Proxy(new Map([[1, 2]]), {});
show(thrown(() => p.size), thrown(() => p.get(1)), thrown(() => new Proxy(new Date(0), {}).getTime()), Array.isArray(new Proxy([], {})), thrown(() => new Proxy(/x/, {}).test('x')), Object.prototype.toString.call(new Proxy([], {})), JSON.stringify(new Proxy([1, 2], {})));

/// getter_setter_on_arrays_and_functions
function f() {}
f.x = 1;
Object.defineProperty(f, 'name', { value: 'renamed' });
show(f.name, Object.keys(f), Object.keys(describe((function named(a, b) { 'use strict'; }))));

/// own_properties_of_a_sloppy_function
show(Object.getOwnPropertyNames(function named(a, b) {}));

/// deep_equality_and_clone_by_hand
const clone = (v) => (typeof v !== 'object' || v === null ? v : Array.isArray(v) ? v.map(clone) : Object.fromEntries(Object.entries(v).map(([k, x]) => [k, clone(x)])));
const equal = (a, b) => a === b || (typeof a === 'object' && typeof b === 'object' && a && b && Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((k) => equal(a[k], b[k])));
const o = { a: [1, { b: null }], c: 'x' };
show(equal(o, clone(o)), equal(o, { ...o, c: 'y' }), clone(o) !== o);

/// object_with_null_prototype
const o = Object.create(null);
o.toString = 'plain'; o.__proto__ = 'just a key';
show(o, Object.keys(o), 'hasOwnProperty' in o, Object.getPrototypeOf(o));

/// numeric_string_keys_normalise
const o = { 1e3: 'a', 0x10: 'b', 0.5: 'c', '1e3': 'd', 1n: 'e' };
show(o, o[1000], o['1000'], o[0.5]);

/// enumeration_includes_inherited_only_in_for_in
class A { x = 1; get y() { return 2; } }
const o = Object.assign(Object.create({ inherited: 1 }), { own: 1 });
const keys = [];
for (const k in o) keys.push(k);
show(keys, Object.keys(o), Object.keys(new A()), JSON.stringify(new A()));
