/// call_apply_bind
function f(...args) { return [this?.v, ...args]; }
const o = { v: 'o' };
const b = f.bind(o, 1);
show(f.call(o, 1, 2), f.apply(o, [3]), b(2), b.call({ v: 'other' }, 3), new (function C() { this.made = new.target === C; }.bind({}))().made, b.name, b.length, f.bind().length, 'prototype' in b, thrown(() => f.apply(o, 1)), f.apply(o, null), f.apply(o, { length: 2, 0: 'x' }), Math.max.apply(null, new Uint8Array([1, 5])));

/// bound_of_bound
const f = function () { return [this.x, ...arguments]; };
const b = f.bind({ x: 1 }, 'a').bind({ x: 2 }, 'b');
show(b('c'), b.name, b.length, (function n(a, b, c) {}).bind(null, 1).length);

/// names
const a = function () {}, b = () => {}, c = function named() {}, d = class {}, o = { m() {}, ['c' + 1]: () => {}, get g() { return 1; }, async *ag() {} };
let e; e = () => {};
const { f = () => {} } = {};
show([a, b, c, d, e, f, o.m, o.c1, o.ag, (() => {}), function () {}].map((x) => x.name), Object.getOwnPropertyDescriptor(o, 'g').get.name, (function () {}).bind().name, Symbol.prototype[Symbol.toPrimitive].name, describe(a).name);

/// closures_and_counters
const counter = () => { let n = 0; return { up: () => ++n, get value() { return n; } }; };
const a = counter(), b = counter();
a.up(); a.up(); b.up();
show(a.value, b.value);

/// arguments_object
function f(a, b) { return [arguments.length, typeof arguments, Array.isArray(arguments), [...arguments], Object.prototype.toString.call(arguments), Object.keys(arguments)]; }
show(f(1), f(1, 2, 3), (() => { try { return typeof arguments; } catch (e) { return e; } })() !== undefined, (function () { return (() => arguments[0])(); })('arrow'));

/// arguments_length_is_writable
function f() { arguments.length = 1; delete arguments[0]; arguments[5] = 'x'; return [arguments.length, ...arguments]; }
show(f(1, 2, 3), describe((function () { return arguments; })(1)));

/// default_parameters_see_earlier_ones
const f = (a, b = a * 2, c = (() => a + b)()) => [a, b, c];
show(f(1), f(1, undefined, 9), f(1, null), (function (a = arguments.length) { return a; })());

/// rest_parameters
const f = (a, ...[b, ...c]) => [a, b, c];
show(f(1, 2, 3, 4), ((...r) => r.length)(), ((a, ...r) => Array.isArray(r))(1));

/// recursion_and_memo
const memo = (f, seen = new Map()) => (n) => (seen.has(n) ? seen.get(n) : (seen.set(n, f(n)), seen.get(n)));
const fib = memo((n) => (n < 2n ? n : fib(n - 1n) + fib(n - 2n)));
show(fib(90n), (function fact(n) { return n < 2 ? 1 : n * fact(n - 1); })(20));

/// iife_forms
show((function () { return 1; })(), (() => 2)(), !function () { return 0; }(), void function () {}(), new (function () { this.x = 3; })().x, (async () => 4)() instanceof Promise);

/// getter_on_function_prototype
show(Function.prototype(), Function.prototype.name, Function.length, typeof Function.prototype, Object.getPrototypeOf(async () => {}).constructor.name, Object.getPrototypeOf(function* () {}).constructor.name, Function.prototype.toString.call(Math.max).includes('[native code]'), thrown(() => Function.prototype.toString.call({})));

/// native_function_text
show(String(Math.max), String(Array.prototype.map), String((function () {}).bind()));

/// to_string_of_odd_functions
show(String({ get x() { return 1; } }.__lookupGetter__('x')), String({ *g() {} }.g), String({ async ['a' + 'b']() {} }.ab), String((a, b = 1, ...c) => { }));

/// this_in_callbacks
const o = { v: 1, plain() { return [1].map(function () { return this === undefined || this === globalThis; }); }, arrow() { return [1].map(() => this.v); } };
show(o.plain(), o.arrow());

/// currying_and_composition
const curry = (f, ...a) => (a.length >= f.length ? f(...a) : (...b) => curry(f, ...a, ...b));
const pipe = (...fs) => (x) => fs.reduce((v, f) => f(v), x);
show(curry((a, b, c) => a + b + c)(1)(2)(3), pipe((x) => x + 1, (x) => x * 2)(3));

/// length_and_name_are_configurable
function f(a) {}
show(f.length, (f.length = 5, f.length), Object.defineProperty(f, 'length', { value: 5 }).length, delete f.name, f.name, f.hasOwnProperty('prototype'), describe(f).prototype[0]);

/// has_own_prototype
show([() => {}, function () {}, class {}, async () => {}, function* () {}, async function* () {}, { m() {} }.m].map((f) => Object.hasOwn(f, 'prototype')), (function () {}).prototype.constructor.name);

/// new_with_and_without_arguments
function F(x) { this.x = x; }
const o = { F };
show(new F, new F(1), new o.F(2), new (class { static F = F }).F(3), new F().constructor === F);

/// sloppy_this_is_boxed
function f() { return [typeof this, this instanceof Number]; }
show(f.call(1), f.call('x'), f.call(undefined)[0], (function () { 'use strict'; return typeof this; }).call(1));

/// generators_are_not_constructors_and_async_arrow_arguments
show(thrown(() => new (function* () {})()), thrown(() => new (async () => {})()), await (async (...a) => a.length)(1, 2), await (async function () { return arguments.length; })(1));

/// deep_recursion_of_a_thousand
const sum = (n) => (n === 0 ? 0 : n + sum(n - 1));
show(sum(1000));

/// many_arguments
show(Math.max(...Array.from({ length: 10000 }, (_, i) => i)), String.fromCharCode.apply(null, Array(5000).fill(97)).length, ((...r) => r.length)(...Array(20000)));

/// global_functions
show([isNaN, isFinite, parseInt, parseFloat, encodeURI, decodeURI, escape].map((f) => [f.name, f.length]), describe(globalThis).NaN, describe(globalThis).Infinity, describe(globalThis).undefined, typeof globalThis, globalThis === this || this === undefined);
