/// nested_with_defaults
const { a: { b = 1, ...rest } = {}, c = b + 1, ['d' + 'e']: de = c * 2 } = { a: { x: 1, y: 2 } };
show(b, rest, c, de);

/// defaults_only_for_undefined
const { a = 'd', b = 'd', c = 'd', d = 'd' } = { a: undefined, b: null, c: 0, d: '' };
show(a, b, c, d);

/// defaults_are_lazy_and_named
let calls = 0;
const next = () => ++calls;
const [x = next(), y = next(), f = () => {}, g = class {}] = [1, undefined];
show(x, y, calls, f.name, g.name);

/// array_patterns_on_iterables
const [a, , b = 'default', ...[c, ...d]] = 'x\u{1F600}yzw';
show(a, b, c, d);
const [[k, v]] = new Map([['key', 'value']]);
show(k, v);

/// assignment_to_any_target
const o = { list: [] };
[o.a, o['b'], o.list[2], [o.c]] = [1, 2, 3, [4]];
({ x: o.x, ...o.rest } = { x: 5, y: 6, z: 7 });
show(o);

/// swap_and_fibonacci
let [a, b] = [1, 2];
[a, b] = [b, a];
for (let i = 0; i < 10; i++) [a, b] = [b, a + b];
show(a, b);

/// value_of_a_pattern_assignment
let x, y;
show(([x, y] = [1, 2, 3]), ({ length: x } = 'four'), x);

/// order_of_evaluation
const log = [];
const t = (name) => ({ set v(x) { log.push(`${name}=${x}`); } });
const target = (name) => (log.push(`target ${name}`), t(name));
const source = { get a() { log.push('get a'); return undefined; }, get b() { log.push('get b'); return 2; } };
({ a: target('a').v = (log.push('default a'), 1), b: target('b').v } = source);
show(log);

/// null_and_undefined_are_refused
for (const v of [null, undefined]) {
  show(thrown(() => { const {} = v; }), thrown(() => { const [] = v; }), thrown(() => { const { a } = v; }), thrown(() => (({ a }) => a)(v)));
}
show(thrown(() => { const [] = {}; }), thrown(() => { const [a] = 1; }), thrown(() => { const { length } = 'ab'; return length; }));

/// dead_zone_in_defaults
show(thrown(() => { const { a = b, b } = {}; }), thrown(() => ((a = b, b) => 1)()), thrown(() => { let x = x; }));

/// parameters_have_their_own_scope
var x = 'outer';
function f(a = () => x, b = (x = 'changed')) { var x = 'inner'; return [a(), x]; }
show(f(), x);

/// arguments_with_patterns
function f({ a } = {}, [b] = [2], ...rest) { return [a, b, rest, arguments.length]; }
show(f(), f({ a: 1 }, [5], 6, 7), f.length);

/// mapped_arguments_in_sloppy_functions
function f(a) { a = 2; const first = arguments[0]; arguments[0] = 3; return [first, a]; }
function g(a = 0) { a = 2; return arguments[0]; }
function h(a) { 'use strict'; a = 2; return arguments[0]; }
show(f(1), g(1), h(1), f(), (function () { return arguments.callee.name; }).call() === '');

/// rest_copies_own_enumerable_and_symbols
const s = Symbol('s');
const o = Object.create({ inherited: 1 }, { hidden: { value: 2 }, own: { value: 3, enumerable: true }, [s]: { value: 4, enumerable: true } });
const { own, ...rest } = o;
show(rest, { ...o });

/// spread_of_odd_things
show({ ...null, ...undefined, ...1, ...[7], ...true, ...new String('ab') }, [...'ab', ...new Set([1, 1])], Math.max(...[], 3));

/// spread_of_a_string_into_an_object
show({ ...'ab' });

/// spread_calls_getters_once
let n = 0;
const o = { get a() { return ++n; } };
const copy = { ...o, ...o };
show(copy, n, describe(copy));

/// object_spread_and_proto
const a = { ...{ ['__proto__']: 1 } };
show(Object.keys(a), Object.getPrototypeOf(a) === Object.prototype);

/// for_in_and_of_patterns
const out = [];
for (const { length, [0]: first } of ['ab', 'cde']) out.push([length, first]);
for (const [i, c] of [...'hi'].entries()) out.push(i + c);
for (const [c1] in { xy: 1, z: 2 }) out.push(c1);
show(out);

/// catch_patterns
try { throw { code: 1, detail: ['d'] }; } catch ({ code, detail: [d], missing = 'm' }) { show(code, d, missing); }
try { throw 1; } catch { show('no binding'); }

/// closures_per_iteration
const fs = [];
for (let i = 0; i < 3; i++) fs.push(() => i++);
var gs = [];
for (var j = 0; j < 3; j++) gs.push(() => j);
const hs = [];
for (let k = 0, inc = () => k++; k < 3; inc(), k++) { hs.push(() => k); if (k > 5) break; if (hs.length > 3) break; }
show(fs.map((f) => f()), fs.map((f) => f()), gs.map((g) => g()), hs.length);

/// computed_key_once
let n = 0;
const { [`k${++n}`]: v = 'default' } = { k1: 'one' };
show(n, v);

/// function_length_with_defaults
show([(a, b) => 0, (a, b = 1, c) => 0, (...r) => 0, ({ a }, [b]) => 0, (a = 1) => 0].map((f) => f.length));

/// duplicate_parameters_in_sloppy_functions
function f(a, a) { return a; }
show(f(1, 2), f(1));
