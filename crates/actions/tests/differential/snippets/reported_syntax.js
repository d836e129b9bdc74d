/// break_and_continue_in_labels
const seen = [];
for (var i = 0; i < 4; i++) label: { seen.push(i); if (i === 1) break; }
a: { b: { seen.push('b'); break a; } seen.push('no'); }
outer: for (const x of [1, 2]) { for (const y of [1, 2]) { if (y === 2) continue outer; seen.push(`${x}${y}`); } }
x: if (true) { break x; }
do { seen.push('do'); continue; } while (false);
sw: switch (1) { case 1: for (;;) { break sw; } }
show(seen);

/// member_of_literals
show(0x0.toString() + 0b11.toFixed(1), 1..toString(), 1.0.toFixed(1), 1 .toFixed(), (1).toFixed(), 0.0.toString(), 1e3.toString(), 010.toString(), 1_000.5.toFixed(2), .5.toFixed(1), 5..constructor.name, -1 ** 0 === undefined);

/// destructuring_order
const log = [];
const src = { get a() { log.push('a'); return undefined; }, get c() { log.push('c'); return 3; } };
const { a = (log.push('default'), 1), b: { x = 2 } = {}, ...rest } = src;
show(a, x, rest, log, (([p, , q = p, ...r]) => [p, q, r])([1, 2, undefined, 4, 5]), (({ [`k${1}`]: v, length } = { k1: 5 }) => [v, length])(), thrown(() => { const [z] = {}; }), thrown(() => { const { z } = null; }), (() => { let m, n; [m, n] = [1, 2]; [m, n] = [n, m]; return [m, n]; })(), (() => { const o = {}; ({ a: o.x, b: o['y'], ...o.z } = { a: 1, b: 2, c: 3 }); return o; })());

/// default_parameters_and_scopes
let x = 'outer';
const f = (a = () => x, b = a()) => { var x = 'inner'; return [a(), b, x]; };
function g(a, b = () => a) { var a; const before = a; a = 5; return [before, a, b()]; }
function h(a, b = 2, ...c) { arguments[0] = 9; return [a, arguments.length, h.length, c]; }
function s(a) { arguments[0] = 9; a = a + 1; return [a, arguments[0]]; }
function t(a) { 'use strict'; arguments[0] = 9; return [a, arguments[0]]; }
show(f(), g(1), h(1), h(1, undefined, 3), s(1), t(1), thrown(() => ((p = q, q) => p)()), ((a, b = a, c = b) => [a, b, c])(1), (function (a, a) { return a; })(1, 2));

/// hoisting
show(typeof later, typeof early, thrown(() => tdz), (() => { { function inner() { return 1; } } return typeof inner; })(), (() => { if (false) { function no() {} } return typeof no; })(), (() => { try { return typeof v; } finally { var v = 1; } })(), thrown(() => { typeof w; let w; }));
function later() {}
var early = 1;
let tdz;

/// closures_in_loops
const fs = [];
for (let i = 0; i < 3; i++) { fs.push(() => i); i += 0; }
for (const k in { a: 1, b: 2 }) fs.push(() => k);
for (let i = 0, n = () => i; i < 2; i++) fs.push(n);
for (const v of [7, 8]) { setTimeout; fs.push(() => v); }
show(fs.map((f) => f()));

/// switch_scopes_and_fall_through
const run = (v) => { const out = []; switch (v) { case 1: out.push(1); default: out.push('d'); case 2: { out.push(2); break; } case NaN: out.push('nan'); case '1': out.push('text'); } return out; };
show(run(1), run(2), run(3), run(NaN), run('1'), thrown(() => { switch (1) { case 0: let a = 1; break; case 1: return a; } }), (() => { switch (2) { case 1: function hoisted() { return 'h'; } case 2: return hoisted(); } })());

/// finally_overrides
const f = (act) => thrown(act);
show(f(() => { try { return 1; } finally { return 2; } }), f(() => { try { throw 1; } finally { return 3; } }), f(() => { for (;;) { try { return 1; } finally { break; } } return 4; }), f(() => { l: try { return 1; } finally { break l; } return 5; }), f(() => { let x = 1; try { return x; } finally { x = 9; } }), f(() => { try { try { throw new RangeError('a'); } finally { throw new TypeError('b'); } } catch (e) { return e.name; } }), f(() => { let n = 0; for (const i of [1, 2, 3]) { try { continue; } finally { n += i; } } return n; }));

/// optional_chains
const o = { a: { b() { return this.c; }, c: 1 }, n: null };
show(o?.a?.b(), o.n?.x.y.z, o.x?.[(() => { throw new Error('not reached'); })()], (o?.a).b(), (o?.a.b)(), o.a?.['c'], delete o?.q, o.f?.(), thrown(() => o.a.f?.g()), thrown(() => o.n.x), thrown(() => o.a.c?.()), o?.a.b?.(), null?.[0], undefined?.(1), o.n?.b`x`?.y === undefined || 0);

/// nullish_and_logical_assignment
const log = [];
const o = { get g() { log.push('get'); return 0; }, set g(v) { log.push(`set ${v}`); }, n: null, t: 1 };
show(o.g ??= 5, o.g ||= 6, o.g &&= 7, o.n ??= 8, o.t &&= 9, o.t ||= 10, log, 0 ?? 1, null ?? undefined ?? 2, (() => { const c = 1; return c ||= 2; })(), thrown(() => { const c = 0; c ||= 2; }), (() => { let f; f ??= () => {}; return f.name; })());

/// spread_everywhere
const log = [];
const it = { *[Symbol.iterator]() { log.push('go'); yield 1; yield 2; } };
show([...it, ...'ab', ...new Set([3])], Math.max(...it, ...[5]), { ...null, ...undefined, ...5, ...[7], ...{ get x() { log.push('x'); return 1; } } }, log, new Array(...[1, 2]), [...[, 1]], ((...a) => a.length)(...[, ,]), thrown(() => [...5]), thrown(() => Math.max(...{})), thrown(() => [...undefined]), { ...new Proxy({ a: 1 }, { ownKeys: (t) => (log.push('keys'), Reflect.ownKeys(t)) }) }, log.length);

/// template_literals
const tag = (s, ...v) => [s.raw, [...s], v];
const same = () => ((x) => x)`a`;
show(tag`a${1}\n${2}\u{41}`, tag`\unicode`, `${[1, 2]}${{}}`, `a${`b${'c'}`}`, (() => { const f = (s) => s; const g = () => f`x`; return g() === g(); })(), same() !== undefined, tag``[1], `line
two`.length, String.raw`\n${1}\\`, thrown(() => `${Symbol()}`), typeof tag`x`[0], Object.isFrozen(((s) => s)`q`), thrown(() => `${{ toString: null, valueOf: null }}`));

/// getters_setters_and_computed_names
const log = [];
const k = (n) => ({ toString() { log.push(n); return n; } });
const o = { [k('a')]: 1, get [k('b')]() { return 2; }, set [k('b')](v) {}, *[k('g')]() {}, async [k('h')]() {}, __proto__: { p: 1 }, ['__proto__']: 3, get: 1, set: 2, async: 3, static: 4, await: 5, of: 6, 'quoted-name': 7, 1.5: 8, 0x10: 9, [Symbol.for('s')]: 10 };
show(log, o, Object.getPrototypeOf(o), Object.keys(o), o.g.name, Object.getOwnPropertyDescriptor(o, 'b').get.name, { __proto__: null } instanceof Object, { '__proto__': Array.prototype } instanceof Array, (() => { const __proto__ = 5; return Object.keys({ __proto__ }); })());

/// names_of_functions
const a = () => {}, b = function () {}, c = class {}, d = class { static name = 'own'; }, [e = () => {}] = [], { f = function () {} } = {};
let g; g = () => {}; const o = { h: () => {}, ['i' + 1]: () => {}, [Symbol('j')]: () => {}, get k() { return 1; } };
show(a.name, b.name, c.name, d.name, e.name, f.name, g.name, o.h.name, o.i1.name, o[Object.getOwnPropertySymbols(o)[0]].name, (() => {}).name, (function () {}).name, (class {}).name, new Function.prototype.constructor.prototype.constructor.name.constructor('x') + '', (function n() {}).bind().name, Object.getOwnPropertyDescriptor(o, 'k').get.name, (async () => {}).name, Symbol.prototype[Symbol.toPrimitive].name, Object.getOwnPropertyDescriptor(RegExp.prototype, 'flags').get.name);

/// automatic_semicolons
let a = 1
let b = a
++b
const f = () => {
  return
  1
}
const c = 1
;[2].forEach((x) => { a += x })
var d = a
/1/1
show(a, b, f(), c, d)

/// unicode_names_and_escapes
const \u0061bc = 1, \u{1d4d0} = 2, caf\u00e9 = 3, $_ = 4, \u2118 = 5;
show(abc, \u{1d4d0}, caf\u00e9, $_, \u2118, '\u{1f600}'.length, '\x41\101\0', 'a\
b', '\u2028'.length, "\'\"\`", ((v\u0061r1) => v\u0061r1)(7));

/// html_like_comments_and_hash_bang
let x = 1; <!-- a comment of old pages
x = 2;
--> another one
show(x);

/// with_statements
const o = { a: 1, [Symbol.unscopables]: { b: true }, b: 2 };
let b = 'outer';
with (o) { a = 5; var c = b; show(a, b); }
with ([1, 2]) { show(length, typeof values, join('-')); }
show(o, c, thrown(() => { with (null) {} }));

/// for_in_order_and_changes
class P { constructor() { this.own = 1; } } P.prototype.inherited = 2;
const o = new P(); Object.assign(o, { 2: 'b', 1: 'a', z: 1 });
const keys = [];
for (const k in o) { keys.push(k); if (k === '1') { delete o.z; o.added = 1; } }
const shadow = Object.create({ a: 1, b: 2 }, { a: { value: 3, enumerable: false } });
for (const k in shadow) keys.push(k);
for (const k in 'ab') keys.push(k);
for (const k in null) keys.push('no');
for (var last in { p: 1, q: 2 });
show(keys, last);

/// operators_and_coercion
show([] + {}, [] + [], {} + [], [1] == 1, '1' == [1], null == 0, null >= 0, undefined == null, NaN != NaN, '2' > '12', 2 > '12', 'b' > 'a', [2] > 1, null + 1, undefined + 1, true + true, '5' * '2', '5' + 2, '5' - 2, +'', -'1', +[], +{}, !!'0', !!NaN, typeof null, typeof function () {}, typeof class {}, void 0, (1, 2), 1 < 2 < 3, 3 > 2 > 1, 'a' in { a: 1 }, thrown(() => 'a' in 'abc'), thrown(() => 1 instanceof 1), [] instanceof Object, Object(1n) + 1n, new Date(0) + 1 === `${new Date(0)}1`);

/// to_primitive
const log = [];
const o = { [Symbol.toPrimitive](h) { log.push(h); return h === 'number' ? 1 : 's'; } };
show(+o, `${o}`, o + '', o * 2, o == 's', [1, 2][o], o < 5, new Date(o).getTime(), log, thrown(() => +{ [Symbol.toPrimitive]: () => ({}) }), thrown(() => +{ [Symbol.toPrimitive]: 5 }), +{ [Symbol.toPrimitive]: null, valueOf: () => 3 }, `${{ toString: () => ({}), valueOf: () => 'v' }}`, thrown(() => `${{ toString: () => ({}), valueOf: () => ({}) }}`));

/// strict_and_sloppy
const strict = (() => { 'use strict'; return { undeclared: thrown(() => { undeclaredName = 1; }), frozen: thrown(() => { Object.freeze([1]).length = 0; }), getter: thrown(() => { ({ get a() { return 1; } }).a = 2; }), primitive: thrown(() => { 'x'.y = 1; }), del: thrown(() => delete Object.freeze({ a: 1 }).a), self: (function () { return this; })(), callee: thrown(function () { return arguments.callee; }), caller: thrown(() => (function f() { return f.caller; })()) }; })();
show(strict, (function () { return typeof this; })(), (function () { return typeof this; }).call(5), (() => { 'x'.y = 1; return 'fine'; })(), (() => { Object.freeze([1]).length = 0; return 'fine'; })(), delete Object.freeze({ a: 1 }).a);
