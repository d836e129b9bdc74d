/// json_stringify_reports
show(JSON.stringify('\ud834'), JSON.stringify('\ud834\udf06'), JSON.stringify({ a: undefined, b: () => {}, c: Symbol(), d: NaN, e: -0, f: Infinity, g: null }), JSON.stringify([undefined, () => {}, Symbol()]), JSON.stringify(undefined), JSON.stringify(Symbol()), JSON.stringify({ toJSON: (k) => `k:${k}` }), JSON.stringify({ a: new Date(NaN) }), JSON.stringify([new Number(1), new String('s'), new Boolean(false), Object(Symbol())]), JSON.stringify('\u2028\u2029\u007f\u0000\b\v\f'), JSON.stringify({ [Symbol('s')]: 1 }), JSON.stringify(Object.create({ inherited: 1 })), thrown(() => { const a = {}; a.a = a; JSON.stringify(a); }), JSON.stringify(new Map([[1, 2]])), JSON.stringify(Object('x')), JSON.stringify(null));

/// json_stringify_arguments
show(JSON.stringify({ a: 1, b: [1, { c: 2 }] }, null, 2), JSON.stringify([1, []], null, 20), JSON.stringify({ a: {} }, null, '--------------'), JSON.stringify({ a: 1 }, null, new Number(1)), JSON.stringify({ a: 1, b: 2, 3: 4 }, ['b', 3, 'b', new String('a')]), JSON.stringify({ a: { b: 1, c: 2 } }, ['a', 'b']), JSON.stringify({ a: 1, b: 2 }, (k, v) => (k === 'a' ? undefined : v)), JSON.stringify([1, 2], (k, v) => (k === '0' ? undefined : v)), JSON.stringify({ a: 1 }, function (k, v) { return k === '' ? v : typeof this; }), JSON.stringify({ a: 1 }, []), JSON.stringify({ a: 1 }, null, ''), JSON.stringify([], null, 2), JSON.stringify({}, null, 2));

/// json_stringify_with_a_part_of_a_space
show(JSON.stringify({ a: 1 }, null, 0.9), JSON.stringify({ a: 1 }, null, 1.9), JSON.stringify({ a: 1 }, null, -1));

/// json_parse_reports
for (const s of ['{"n":12345678901234567890,"e":1e400,"z":-0}', '{"__proto__":1,"a":2}', '{"a":1,"a":2}', '[1,]', '{"a":1,}', "{'a':1}", '01', '-', '-01', '1.', '.5', '1e', '+1', 'NaN', 'undefined', '', ' ', '"\u0000"', '"\\u00"', '"\\x41"', '"\t"', '"\\/"', 'nul', 'truex', '[[[[]]]]', '\ufeff1', ' \t\n\r1 ', '\u00a01', '"\u2028"', '"\ud834"', '"\\ud834"', '{"":1}', '{"a" : [ ] }', '1 2', '[1 2]', '{"a"}', '{a:1}', '"', '1E+2', '-0.0e-0', '123456789012345678901234567890', '/*c*/1']) show(s, thrown(() => JSON.parse(s)));

/// json_parse_with_a_reviver
const log = [];
show(JSON.parse('{"a":[1,{"b":2}],"c":3}', function (k, v) { log.push(k); return k === 'b' ? undefined : v; }), log, JSON.parse('[1,2,3]', (k, v) => (k === '0' ? undefined : v)), JSON.parse('{"a":1}', (k, v) => (k === '' ? 'root' : v)), thrown(() => JSON.parse('{"a":1}', () => { throw new RangeError('r'); })), JSON.parse('{"__proto__":null}', (k, v) => v), JSON.parse('5', (k, v) => v + 1), JSON.parse('[0]', 5), JSON.parse('[1,[2]]', function (k, v) { if (Array.isArray(v)) v.length = 1; return v; }));

/// proxies_and_invariants
const bad = (handler, target = Object.freeze({ a: 1 })) => new Proxy(target, handler);
show(thrown(() => bad({ get: () => 2 }).a), thrown(() => 'a' in bad({ has: () => false })), thrown(() => Object.keys(bad({ ownKeys: () => [] }))), thrown(() => Object.keys(bad({ ownKeys: () => ['a', 'a'] }, {}))), thrown(() => Object.keys(bad({ ownKeys: () => [1] }, {}))), thrown(() => Object.getPrototypeOf(bad({ getPrototypeOf: () => null }))), thrown(() => Object.isExtensible(bad({ isExtensible: () => true }))), thrown(() => delete bad({ deleteProperty: () => true }).a), thrown(() => Object.defineProperty(bad({ defineProperty: () => true }), 'b', { value: 1 })), thrown(() => Object.getOwnPropertyDescriptor(bad({ getOwnPropertyDescriptor: () => undefined }), 'a')), thrown(() => { bad({ set: () => true }).a = 2; }), thrown(() => { 'use strict'; bad({ set: () => false }, {}).a = 2; }), thrown(() => new Proxy({}, null)), thrown(() => Proxy({}, {})), thrown(() => new Proxy(() => {}, { apply: 5 })()), thrown(() => new (new Proxy(class {}, { construct: () => 5 }))()), thrown(() => Object.preventExtensions(bad({ preventExtensions: () => true }, {}))));

/// proxies_pass_on
const log = new Set();
const p = new Proxy(function f(a) { return a; }, new Proxy({}, { get(_, k) { log.add(k); return undefined; } }));
show(p(1), new p() instanceof p, p.name, 'x' in p, (p.y = 1, p.y), delete p.y, Object.keys(p), typeof p, Object.getPrototypeOf(p) === Function.prototype, [...log].sort(), JSON.stringify(new Proxy({ a: 1 }, {})), [...new Proxy([1, 2], {})], Object.entries(new Proxy({ a: 1 }, {})), thrown(() => new Proxy(new Map(), {}).size), thrown(() => new Proxy(new Date(), {}).getTime()), (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); revoke(); return [typeof proxy, thrown(() => proxy.a), thrown(() => Object.keys(proxy))]; })());

/// reflect_reports
const o = { get x() { return this.y; }, y: 1 };
show(Reflect.get(o, 'x', { y: 5 }), Reflect.set({}, 'a', 1, Object.freeze({})), Reflect.ownKeys({ b: 1, 2: 1, a: 1, 1: 1, [Symbol.iterator]: 1 }), Reflect.has({ a: 1 }, 'toString'), Reflect.apply(Math.max, null, { length: 2, 0: 3, 1: 5 }), thrown(() => Reflect.apply(Math.max, null)), Reflect.construct(Array, [3]).length, thrown(() => Reflect.construct(() => {}, [])), thrown(() => Reflect.construct(Array, [], () => {})), Reflect.defineProperty(Object.freeze({}), 'a', { value: 1 }), Reflect.setPrototypeOf(Object.freeze({}), {}), Reflect.getPrototypeOf([]) === Array.prototype, thrown(() => Reflect.ownKeys(5)), Reflect.isExtensible(Object.seal({})), Reflect.construct(function () { return new.target; }, [], Array) === Array, thrown(() => Reflect.get(5, 'a')));

/// property_descriptors
const o = {};
show(thrown(() => Object.defineProperty(o, 'a', { get() {}, value: 1 })), thrown(() => Object.defineProperty(o, 'a', { get: 5 })), thrown(() => Object.defineProperty(o, 'a', 5)), Object.getOwnPropertyDescriptor(Object.defineProperty(o, 'b', {}), 'b'), thrown(() => Object.defineProperty(o, 'b', { value: 1 })), Object.defineProperty(o, 'c', { value: NaN }) && Object.defineProperty(o, 'c', { value: NaN }) === o, thrown(() => Object.defineProperty(Object.defineProperty({}, 'z', { value: 0 }), 'z', { value: -0 })), Object.getOwnPropertyDescriptors({ get a() { return 1; }, b: 2 }), thrown(() => Object.defineProperties({}, { a: 5 })), Object.getOwnPropertyDescriptor('abc', 1), Object.getOwnPropertyDescriptor([1], 'length'), thrown(() => Object.defineProperty(5, 'a', {})), Object.getOwnPropertyDescriptor(5, 'a'));

/// integrity_levels
const f = Object.freeze({ a: [1], get b() { return 1; } });
show(Object.isFrozen(f), Object.isFrozen('a'), Object.isFrozen(Object.preventExtensions({})), Object.isSealed(Object.seal({ a: 1 })), Object.isFrozen(Object.seal({ a: 1 })), (f.a.push(2), f.a), Object.freeze(5), Object.isExtensible(5), thrown(() => { 'use strict'; f.c = 1; }), thrown(() => Object.setPrototypeOf(f, {})), Object.setPrototypeOf(f, Object.getPrototypeOf(f)) === f, thrown(() => Object.freeze(new Uint8Array(1))), Object.isFrozen(Object.freeze(new Uint8Array(0))), Object.isFrozen(Object.freeze(() => {})));

/// order_of_keys
const o = { b: 1, 10: 1, a: 1, 2: 1, [-1]: 1, '01': 1, [4294967295]: 1, [4294967294]: 1, 1.5: 1, [Symbol('x')]: 1 };
show(Reflect.ownKeys(o), Object.keys({ ...o, 0: 1 }), Object.keys(Object.assign({ z: 1 }, { 1: 1, y: 1 })), Object.entries('ab'), JSON.stringify({ 2: 1, 1: 2, c: 3 }), Object.keys(class { static b = 1; static a = 2; static 1 = 3; }), Object.getOwnPropertyNames(function f(a) {}).filter((k) => k !== 'arguments' && k !== 'caller'));

/// from_entries_and_group
show(Object.fromEntries([['a', 1], ['__proto__', 2], [3, 4]]), Object.fromEntries(new Map([[{}, 1]])), thrown(() => Object.fromEntries([1])), thrown(() => Object.fromEntries(['ab', 5])), Object.fromEntries(['ab', 'cd']), thrown(() => Object.fromEntries(undefined)), Object.entries({ a: 1, get b() { return 2; } }), Object.values('ab'), Object.assign({}, 'ab', null, [9]), thrown(() => Object.assign(null)), Object.is(-0, 0), Object.is(NaN, NaN), thrown(() => Object.keys(null)), Object.keys(5), Object.hasOwn('a', 'length'), thrown(() => Object.hasOwn(null)));

/// maps_and_sets_while_they_change
const m = new Map([[1, 'a'], [2, 'b']]), seen = [];
for (const [k] of m) { seen.push(k); if (k === 1) { m.delete(2); m.set(3, 'c'); m.set(2, 'd'); } if (k === 3) m.clear(); if (k < 0) break; if (seen.length === 3) m.set(9, 'z'); }
const s = new Set([1]);
s.forEach((v) => { if (v < 5) { s.delete(v); s.add(v + 1); } seen.push(v); });
const it = new Set([1, 2]).values();
it.next(); it.next(); it.next();
show(seen, [...s], it.next(), new Map([[NaN, 1]]).get(NaN), new Map([[-0, 1]]).has(0), Object.is([...new Set([-0])][0], 0), thrown(() => new Map([1])), thrown(() => new Map([[1, 2]], 5).size) , thrown(() => Map()), thrown(() => new Set(5)), new Map(null).size, thrown(() => new WeakMap([[1, 2]])), thrown(() => new WeakSet().add('x')), new WeakSet().has(5), new WeakMap().delete(1), thrown(() => Map.prototype.get.call(new Set(), 1)));

/// collection_constructors_use_their_adders
const log = [];
class M extends Map { set(k, v) { log.push(k); return super.set(k, v); } }
class S extends Set { get add() { log.push('add'); return super.add; } }
show(new M([[1, 2]]).size, new S([1, 2]).size, log, thrown(() => { class B extends Set { get add() { return 5; } } return new B([1]); }), thrown(() => { const it = { [Symbol.iterator]: () => ({ next: () => ({ value: 5, done: false }), return() { log.push('closed'); return {}; } }) }; new Map(it); }), log.at(-1), Map[Symbol.species] === Map, Map.prototype.entries === Map.prototype[Symbol.iterator], Set.prototype.keys === Set.prototype.values, Map.prototype[Symbol.toStringTag]);

/// weak_refs
const o = {};
const r = new WeakRef(o);
show(r.deref() === o, thrown(() => new WeakRef(5)), thrown(() => WeakRef(o)), Object.prototype.toString.call(r), thrown(() => new WeakRef(Symbol.for('registered'))));

/// symbols
const s = Symbol('d');
show(s.description, Symbol().description, Symbol('').description, String(s), thrown(() => `${s}`), thrown(() => s + ''), Symbol.for('k') === Symbol.for('k'), Symbol.keyFor(Symbol.for('k')), Symbol.keyFor(s), thrown(() => new Symbol()), Object(s) == s, Object(s) === s, typeof Object(s), s.toString(), { [s]: 1 }[s], Object.getOwnPropertySymbols({ [s]: 1 }).length, Symbol.iterator.description, thrown(() => Symbol.keyFor('x')), [s].map(String), JSON.stringify([s]), !!s, s == 'Symbol(d)');

/// string_reports
show('abc'.at(-1), 'abc'.substr(-2, 1), 'abc'.substring(2, 0), 'abc'.slice(2, 0), 'a'.padStart(5, 'xy'), 'a'.padEnd(3, ''), 'abc'.indexOf(''), 'abc'.indexOf('', 9), 'abc'.lastIndexOf('', 1), 'abc'.lastIndexOf('c', NaN), 'abc'.includes('b', 2), thrown(() => 'a'.includes(/a/)), thrown(() => 'a'.startsWith(/a/)), 'a'.repeat(0), thrown(() => 'a'.repeat(-1)), thrown(() => 'a'.repeat(Infinity)), thrown(() => 'ab'.repeat(2 ** 30)), 'a'.codePointAt(1), '\u{1f600}'.codePointAt(0), '\u{1f600}'.codePointAt(1), String.fromCodePoint(0x1f600), thrown(() => String.fromCodePoint(-1)), thrown(() => String.fromCodePoint(1.5)), String.fromCharCode(65536 + 65), 'a\u0301'.normalize('NFC').length, thrown(() => 'a'.normalize('x')), 'ab\ud800'.isWellFormed(), 'ab\ud800'.toWellFormed(), 'abc'.localeCompare('abd'), '\u00df'.toUpperCase(), '\u0130'.toLowerCase().length, '\u03a3\u03a3'.toLowerCase(), 'A\u03a3.'.toLowerCase(), '\ufb01'.toUpperCase(), 'x'.concat(1, null), 'a-b'.split('-', undefined), 'abc'[1], 'abc'[-1], 'abc'.at(NaN), 'abc'.charAt(5), 'abc'.charCodeAt(5));

/// string_methods_of_nothing
const names = ['at', 'charAt', 'concat', 'endsWith', 'includes', 'indexOf', 'match', 'padEnd', 'repeat', 'replace', 'search', 'slice', 'split', 'toLowerCase', 'trim', 'substr', 'anchor', 'localeCompare', 'normalize', 'isWellFormed'];
for (const n of names) show(n, thrown(() => String.prototype[n].call(null)), thrown(() => String.prototype[n].call(undefined)), String.prototype[n].length);
show(String.prototype.trim.call(5), String.prototype.slice.call(true, 1), thrown(() => String.prototype.toString.call({})), 'a'.anchor('"'), 'x'.big(), ' a '.trimLeft === ' a '.trimStart, String(null), String(), new String('ab').length, Object.keys(new String('ab')));

/// classes_and_fields
class A { #p = 1; static #s = 2; a = this.#p; static b = A.#s; ['c' + 1] = 3; 'd e' = 4; static { A.e = A.#s + 1; } get p() { return this.#p; } set p(v) { this.#p = v; } #m() { return 'm'; } m() { return this.#m(); } static has(o) { return #p in o; } f = () => this; }
class B extends A { a = super.a ?? 'none'; constructor() { const early = thrown(() => this); super(); this.early = early; } m() { return `B${super.m()}`; } }
const b = new B();
show(b.a, b.c1, b['d e'], A.b, A.e, b.p, (b.p = 5, b.p), b.m(), A.has(b), A.has({}), thrown(() => A.has(5)), b.f() === b, b.early, thrown(() => A()), thrown(() => A.prototype.m.call({})), Object.keys(b), thrown(() => new (class extends null {})()), thrown(() => class extends 5 {}), thrown(() => class extends (() => {}) {}));

/// class_details
show(class { static name() {} }.name instanceof Function, describe(class { m() {} static s() {} }).prototype, Object.getOwnPropertyNames(class { static a() {} static b = 1; }), typeof class {}.prototype.constructor, (class X { static y = X; }).y.name, thrown(() => { class Y extends Y {} }), thrown(() => { new (class { constructor() { return 5; } })(); }), thrown(() => new (class extends Object { constructor() { return 5; } })()), new (class extends Object { constructor() { return { r: 1 }; } })(), thrown(() => new (class extends Object { constructor() {} })()), thrown(() => new (class extends Object { constructor() { super(); super(); } })()), (class { static async *[Symbol.iterator]() {} })[Symbol.iterator].name, (class { 'constructor'() { this.q = 1; } }).length, new (class { static x = 1; get = 1; set = 2; static; async; })(), (class { static { this.t = this; } }).t.name);

/// subclasses_of_built_ins
class E extends Error { constructor(m) { super(m, { cause: 'c' }); } get name() { return 'E'; } }
class F extends Function {}
class O extends Object { constructor(a) { super(a); } }
const e = new E('m');
show(e instanceof Error, String(e), e.cause, Object.prototype.toString.call(e), new O({ a: 1 }), new (class extends Array {})(3).length, new (class extends Map {})([[1, 2]]).get(1), new (class extends RegExp {})('a').test('a'), new (class extends Boolean {})(0).valueOf(), new (class extends String {})('abc').length, new (class extends Promise {})(() => {}) instanceof Promise, thrown(() => new (class extends Symbol {})()), new (class extends Uint8Array {})([1]).constructor.name.length >= 0, typeof F, new (class extends Number {})(5) + 1);

/// errors_and_their_properties
const e = new Error('m', { cause: 0 });
show(Object.keys(e), e.cause, 'cause' in new Error('m', {}), 'cause' in new Error('m', { cause: undefined }), Object.getOwnPropertyDescriptor(e, 'message'), Error('x') instanceof Error, String(Object.assign(new Error('a'), { name: '' })), String(Object.assign(new Error(''), { name: 'N' })), Error.prototype.toString.call({}), Error.prototype.toString.call({ name: undefined, message: 'm' }), thrown(() => Error.prototype.toString.call(5)), new AggregateError([1, 2], 'm').errors, thrown(() => new AggregateError(5)), Object.hasOwn(new Error(undefined), 'message'), Object.hasOwn(new Error(''), 'message'), TypeError.length, AggregateError.length, Object.getPrototypeOf(TypeError) === Error, TypeError.prototype.name, new Error({ toString: () => 't' }).message, thrown(() => new Error(Symbol())));

/// functions_and_bind
function f(a, b, c) { return [this, a, b, c, new.target === undefined]; }
const g = f.bind('t', 1);
show(g(2, 3).slice(1), g.name, g.length, f.bind(null, 1, 2, 3, 4).length, new g(5) instanceof f, thrown(() => Function.prototype.bind.call({})), Object.hasOwn(g, 'prototype'), (() => {}).bind().name, Object.defineProperty(() => {}, 'length', { value: 5 }).bind(null, 1).length, Object.defineProperty(() => {}, 'length', { value: Infinity }).bind().length, Object.defineProperty(() => {}, 'length', { value: 'x' }).bind().length, Object.defineProperty(() => {}, 'name', { value: 5 }).bind().name, f.call.call(f, 'x', 1)[1], Math.max.apply(null, { length: 2, 0: 1, 1: 2 }), thrown(() => Math.max.apply(null, 5)), Math.max.apply(null, null), Function.prototype(), Function.prototype.length, f[Symbol.hasInstance](new f()), thrown(() => f.toString.call({})));

/// global_functions_and_encoding
show(encodeURIComponent("a b&\u00e9\u{1f600}!'()*~"), thrown(() => encodeURIComponent('\ud800')), decodeURIComponent('%F0%9F%98%80'), thrown(() => decodeURIComponent('%')), thrown(() => decodeURIComponent('%C0%80')), thrown(() => decodeURIComponent('%ED%A0%80')), decodeURI('%23%41'), encodeURI('#?;,/:@&=+$[]'), escape('\u00e9\u20ac+/@'), unescape('%u20ac%E9%zz%u12'), isNaN(), parseInt(), thrown(() => decodeURIComponent('%E0%80%80')), typeof globalThis, describe({ globalThis }).globalThis[0], Object.getOwnPropertyDescriptor(globalThis, 'NaN'), Object.getOwnPropertyDescriptor(globalThis, 'undefined').writable);

/// iterators_are_closed
const log = [];
const make = () => { let i = 0; return { [Symbol.iterator]: () => ({ next: () => ({ value: i++, done: i > 5 }), return(v) { log.push('return'); return {}; } }) }; };
const [a, b] = make();
for (const x of make()) { if (x === 1) break; }
const [...all] = make();
thrown(() => { for (const x of make()) throw new RangeError('x'); });
outer: for (const y of [1]) for (const x of make()) continue outer;
(() => { for (const x of make()) return x; })();
const [] = make();
new Map([[1, 2]]);
show(a, b, all, log.length, thrown(() => { for (const x of { [Symbol.iterator]: () => ({ next: () => ({ done: false }), return: () => 5 }) }) break; }), thrown(() => { for (const x of { [Symbol.iterator]: () => ({ next: () => ({ done: false }), return() { throw new EvalError('r'); } }) }) throw new RangeError('body'); }), thrown(() => { for (const x of { [Symbol.iterator]: () => ({ next: () => ({ done: false }), return() { throw new EvalError('r'); } }) }) break; }));

/// prototypes_and_instance_of
function F() {}
const f = new F();
F.prototype = {};
show(f instanceof F, new F() instanceof F, Object.create(null) instanceof Object, thrown(() => ({}) instanceof (() => {})), thrown(() => ({}) instanceof { [Symbol.hasInstance]: 5 }), 5 instanceof { [Symbol.hasInstance]: (v) => v === 5 }, [] instanceof Array, Object.getPrototypeOf(5) === Number.prototype, thrown(() => Object.create(5)), thrown(() => { const a = {}; const b = Object.create(a); Object.setPrototypeOf(a, b); }), thrown(() => { const o = {}; o.__proto__ = o; }), ({}).__proto__ === Object.prototype, Object.create(null).__proto__, (() => { const o = {}; o.__proto__ = 5; return Object.getPrototypeOf(o) === Object.prototype; })(), ({}).toString.call(null), Object.prototype.isPrototypeOf.call(Object.prototype, []), ({ [Symbol.toStringTag]: 'T' }).toString(), ({}).propertyIsEnumerable('a'), ({ a: 1 }).__lookupGetter__('a'));

/// accessors_on_the_chain
const log = [];
const proto = { set a(v) { log.push(v); }, get b() { return 'proto'; } };
Object.defineProperty(proto, 'ro', { value: 1 });
const o = Object.create(proto);
o.a = 5;
show(log, Object.keys(o), thrown(() => { 'use strict'; o.b = 1; }), thrown(() => { 'use strict'; o.ro = 2; }), (() => { o.ro = 3; return o.ro; })(), Object.defineProperty(o, 'ro', { value: 9 }).ro, (() => { class C { static set s(v) { this.t = v; } } class D extends C {} D.s = 1; return [Object.keys(D), Object.keys(C)]; })(), { ...o }, Object.assign(o, { a: 6 }) === o, log);
