/// strings_and_primitives
console.log('text', 1, -0, 1n, true, null, undefined, Symbol('s'), NaN);
console.log('');
console.log();
console.log(['text', 'it\'s', 'say "x"', '`', '\n', '\x00é\u{1F600}', '\ud800'], [-0, 1e21, 5n, Symbol()]);

/// format_specifiers
console.log('%s is %d years and %i, %f', 'Bob', 42.5, 42.9, '1.5');
console.log('%j %o', { a: 1 }, [1]);
console.log('%O', { a: { b: { c: { d: 1 } } } });
console.log('100%', 'x', '%s');
console.log('%s', 'a', 'b', { c: 1 });
console.log('%c styled', 'color: red');
console.log('%%', 1, '%s%s', 'a');
console.log('%d %i %f', '12x', 'x', 'y', 5n);
console.log('%s %s %s %s', null, undefined, -0, 12n);
console.log('%x %', 1);

/// format_of_strings_for_s
console.log('%s|%s|%s|%s|%s', {}, [1, [2]], () => {}, Symbol('s'), new Error('m').message);
console.log('%s', { toString() { return 'own'; } }, class A {});
console.log('%s', new (class A { toString() { return 'A!'; } })());
console.log('%d|%d|%i', {}, '0x10', 1e3);
console.log('a %s b');
console.log('%s');

/// objects
console.log({}, { a: 1, 'b-c': 'two', 3: [], [Symbol('s')]: null, f() {}, g: () => {}, h: class A {}, i: class extends Array {} });
console.log({ get a() { return 1; }, set a(v) {}, get b() { return 1; }, set c(v) {} });
console.log(Object.create(null), Object.create({ inherited: 1 }), Object.create(class Foo {}.prototype));

/// nesting_depth
console.log({ a: { b: { c: { d: 1 } } } });
console.log([[[[1]]]], [[[[]]]], { a: { b: { c: {} } } });
console.log(new Map([[{ a: { b: { c: 1 } } }, 1]]));

/// arrays
console.log([], [1, 2, 3], ['a', null, undefined, true], [, 1, , , 2, ,], [1, [2, [3]]]);
console.log(Object.assign([1, 2], { x: 1, '-1': 2 }), new Array(3), [undefined, , undefined]);

/// long_arrays
console.log(Array.from({ length: 30 }, (_, i) => i));
console.log(Array.from({ length: 120 }, (_, i) => i * 100));
console.log(Array.from({ length: 10 }, (_, i) => 'item number ' + i));
console.log(Array.from({ length: 7 }, () => 'x'.repeat(20)));

/// long_objects_break_lines
console.log({ first: 'a long string value', second: 'another long string value', third: 'and a third one here' });
console.log({ a: { b: 'a long string value', c: 'another long string value', d: 'and a third one here' }, e: [1, 2, 3] });
console.log([{ a: 1, b: 2 }, { a: 3, b: 4 }, { a: 5, b: [1, 2, { c: 3 }] }]);
console.log(Object.fromEntries(Array.from({ length: 27 }, (_, i) => [`k${i}`, i])));

/// functions_and_classes
function named() {}
console.log(named, () => {}, async () => {}, function* g() {}, async function* ag() {}, class A {}, class B extends Map {}, Math.max);
console.log(Object.assign(function f() {}, { x: 1 }), class { static s = 1; }, Object.assign(() => {}, { a: { b: 1 } }));

/// maps_and_sets
console.log(new Map(), new Set(), new Map([['a', 1], [{ k: 1 }, [2]]]), new Set([1, 'two', [3]]), new WeakMap(), new WeakSet());
console.log(Object.assign(new Map([[1, 2]]), { extra: true }), [1][Symbol.iterator]());

/// iterators_of_maps_and_sets
console.log(new Map([[1, 2]]).entries(), new Set([5]).values());

/// dates_regexes_and_boxes
console.log(new Date(0), [new Date(1e12)], new Date(NaN), /a\/b/gi, [/x/], Object(1), Object('s'), Object(true), Object(1n), Object(Symbol('b')), Object(-0));
console.log(Object.assign(new Date(0), { x: 1 }), Object.assign(/r/, { y: 2 }));

/// buffers_and_typed_arrays
console.log(new Uint8Array([1, 2, 3]), new Float64Array(2), new BigInt64Array([1n]), new ArrayBuffer(4), new DataView(new ArrayBuffer(2)));
console.log(Buffer.from('hello'), [Buffer.alloc(2)], Buffer.alloc(60));

/// class_instances
class Point { constructor() { this.x = 1; this.#secret = 2; } #secret; get y() { return 2; } static z = 3; }
class Empty {}
class Tagged { get [Symbol.toStringTag]() { return 'T'; } }
console.log(new Point(), new Empty(), new Tagged(), [new Point()], new (class extends Point {})(), new (class Sub extends Array {})(1, 2, 3), new (class Dict extends Map {})([[1, 2]]));
console.log(Object.assign(Object.create({ constructor: { name: 'Faked' } }), { a: 1 }), new Proxy({ a: 1 }, {}), new Proxy(() => {}, {}));

/// cycles
const o = { a: { b: [] } };
o.self = o; o.a.b.push(o.a);
console.log(o);
const l = [];
l.push(l, { l });
console.log(l);

/// promises_symbols_and_weak_things
console.log(Promise.resolve(1), new Promise(() => {}), Promise.resolve({ a: 1 }), Symbol.iterator, [Symbol('x')], Symbol.for('y'));
const r = Promise.reject(new RangeError('r').message);
r.catch(() => {});
console.log(r);
console.log(new WeakRef({}) !== null, (function* () {})(), (async function* () {})(), (function () { return arguments; })(1, 2));

/// globals
console.log(Math, JSON, Reflect, typeof globalThis);

/// quotes_in_strings
console.log(["it's", 'say "hi"', `both ' and "`, 'all \' " `', 'tab\t', 'back\\slash', '\u2028', '\x1b[31m', '\x7f']);
console.log({ "it's": 1, 'a b': 2, 'ok_1': 3, '1a': 4, é: 5, '': 6 });

/// long_strings_in_arrays
console.log(['x'.repeat(100)]);
console.log({ s: 'line one\nline two', t: 'y'.repeat(90) });
console.log(['a\nb', 'c']);

/// all_levels_write_the_same
console.info('info', { a: 1 });
console.debug('debug');
console.warn('warn');
console.error('error %s', 'x');

/// assert
console.assert(true, 'never');
console.assert(false);
console.assert(false, 'said %s', 'so');

/// assert_with_an_object
console.assert(0, { a: 1 });

/// count_and_reset
console.count();
console.count('x');
console.count();
console.countReset();
console.count();
console.count('x');

/// groups_indent
console.group('outer');
console.log('one\ntwo');
console.group();
console.log({ a: 1 });
console.groupEnd();
console.groupEnd();
console.groupEnd();
console.log('flat');

/// dir
console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 });
console.dir('text');
console.dir([1], { depth: null });

/// table
console.table([{ a: 1, b: 'x' }, { a: 2, c: true }]);
console.table([[1, 2], [3, 4]]);
console.table(new Map([['k', 1]]));
console.table([1, 'two']);
console.table({ r1: { c: 1 }, r2: { c: 2 } });
console.table([{ a: 1, b: 2 }], ['b']);
console.table(5);

/// errors_first_lines
const first = (e) => { const at = console.log; return e; };
try { null.x; } catch (e) { console.log(e.name, e instanceof TypeError); }
console.log(String(new RangeError('m')), `${new TypeError('t')}`);

/// error_values
const e = new RangeError('message');
e.stack = 'RangeError: message\n    at place (file.js:1:1)';
console.log(e);
console.log([e], { e });
e.code = 'X';
console.log(e);

/// errors_with_causes
const inner = new Error('inner'), outer = new Error('outer', { cause: inner });
inner.stack = 'Error: inner\n    at a'; outer.stack = 'Error: outer\n    at b';
console.log(outer);

/// web_objects
console.log(new URLSearchParams('a=1&b=2'), new Headers({ a: 'b' }), new AbortController().signal.aborted);
console.log(String(new URL('https://a/b')), new Blob(['x']).size);

/// printing_of_a_url
console.log(new URL('https://u:p@h.example:8/p?q=1#f'));

/// log_returns_undefined_and_is_bound
const { log } = console;
show(log('free'), typeof console.table, typeof console.trace, Object.prototype.toString.call(console));

/// getters_and_to_string_are_not_called
let calls = 0;
console.log({ get x() { calls++; return 1; }, toString() { calls++; return 's'; }, toJSON() { calls++; } });
show(calls);

/// symbols_and_non_enumerables
const o = Object.defineProperty({ v: 1 }, 'hidden', { value: 2 });
Object.defineProperty(o, Symbol('hiddenSymbol'), { value: 3 });
console.log(o, Object.defineProperty([1], 'hidden', { value: 2 }));

/// numbers_in_objects
console.log([0.1 + 0.2, 1e100, -1.5, 123456789, 1_000_000, 0xff, Infinity, -Infinity]);
console.log({ n: -0, b: 10n ** 30n });

/// nested_maps_and_long_entries
console.log(new Map([['key one', { a: 1, b: [1, 2, 3] }], ['key two', { a: 2, b: ['x'.repeat(40), 'y'.repeat(30)] }]]));
console.log(new Set([new Set([new Set([new Set([1])])])]));

/// json_like_response
console.log({ ok: true, status: 200, data: { items: [{ id: 1, tags: ['a', 'b'] }, { id: 2, tags: [] }], next: null } });
console.log(JSON.stringify({ a: [1, { b: 2 }] }, null, 2));

/// inspect_custom
console.log({ [Symbol.for('nodejs.util.inspect.custom')]: () => 'custom!' }, [{ [Symbol.for('nodejs.util.inspect.custom')](depth) { return { depth }; } }]);

/// time_functions
show(typeof console.time, typeof console.timeEnd, typeof console.timeLog);

/// extra_keys_on_everything
console.log(Object.assign(Object('ab'), { x: 1 }), Object.assign(new Set([1]), { y: 2 }), Object.assign([], { z: 3 }), Object.assign(Object(5), { w: 4 }));
