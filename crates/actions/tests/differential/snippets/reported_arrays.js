/// sort_of_primitive_receivers
for (const v of ['', 'a', 'aa', 'ab', 'ba', 5, true, 10n, Symbol('s')]) show(thrown(() => typeof Array.prototype.sort.call(v)));
show(thrown(() => Array.prototype.sort.call(null)), thrown(() => Array.prototype.sort.call(undefined)));

/// sort_of_frozen_and_sealed_arrays
for (const items of [[], [1], [1, 2], [2, 1], [1, undefined], [undefined, 1], [, 1], [1, ,], [3, 2, 1]]) show(items.length, thrown(() => Object.freeze(items.slice()).sort()), thrown(() => Object.seal(items.slice()).sort()), thrown(() => Object.preventExtensions(items.slice()).sort()));

/// other_changes_of_frozen_arrays
const f = () => Object.freeze([1, 2, 3]);
show(thrown(() => f().reverse()), thrown(() => f().push()), thrown(() => f().push(1)), thrown(() => f().pop()), thrown(() => f().shift()), thrown(() => f().unshift()), thrown(() => f().unshift(1)), thrown(() => f().splice(0, 0)), thrown(() => f().splice(0, 1)), thrown(() => f().fill(1)), thrown(() => f().copyWithin(0, 1)), thrown(() => f().copyWithin(0, 0)), thrown(() => Object.freeze([]).pop()), thrown(() => Object.freeze([]).shift()), thrown(() => Object.freeze([]).reverse()), thrown(() => Object.freeze([1]).reverse()), thrown(() => Object.freeze([1]).fill(1, 1)));

/// changes_of_strings_as_arrays
for (const name of ['reverse', 'push', 'pop', 'shift', 'unshift', 'splice', 'fill', 'copyWithin']) show(name, thrown(() => typeof Array.prototype[name].call('ab')), thrown(() => typeof Array.prototype[name].call('')), thrown(() => typeof Array.prototype[name].call('a', 0)));

/// reads_of_strings_as_arrays
const A = Array.prototype;
show(A.map.call('abc', (x) => x + x), A.filter.call('abc', (x) => x > 'a'), A.join.call('abc', '-'), A.slice.call('abc', 1), A.concat.call('abc', 'd').length, A.indexOf.call('abc', 'c'), A.includes.call('abc', 'b'), A.at.call('abc', -1), A.toReversed.call('abc'), A.toSorted.call('cba'), A.with.call('abc', 1, 'x'), A.toSpliced.call('abc', 1, 1), A.flat.call('ab'), A.reduce.call('abc', (a, b) => b + a), A.every.call(7, () => false), A.findLast.call('abc', () => true));

/// sort_order_of_set_operations
const log = [];
const target = { length: 3, 0: 'c', 1: 'a', 2: 'b' };
const p = new Proxy(target, { get(t, k, r) { log.push(`get ${String(k)}`); return Reflect.get(t, k, r); }, set(t, k, v, r) { log.push(`set ${String(k)} ${v}`); return Reflect.set(t, k, v, r); }, has(t, k) { log.push(`has ${String(k)}`); return k in t; }, deleteProperty(t, k) { log.push(`delete ${String(k)}`); return delete t[k]; }, defineProperty(t, k, d) { log.push(`define ${String(k)}`); return Reflect.defineProperty(t, k, d); }, getOwnPropertyDescriptor(t, k) { log.push(`own ${String(k)}`); return Reflect.getOwnPropertyDescriptor(t, k); } });
Array.prototype.sort.call(p);
show(log, target);

/// sort_sets_all_items_of_a_sorted_object
const log = [];
const o = { length: 3 };
for (const i of [0, 1, 2]) Object.defineProperty(o, i, { get: () => i, set(v) { log.push([i, v]); }, enumerable: true });
Array.prototype.sort.call(o);
show(log, thrown(() => Array.prototype.sort.call({ length: 2, get 0() { return 1; }, 1: 2 })));

/// sort_with_holes_and_undefined
const a = [3, , undefined, 1, , 'b', undefined, null, 2];
a.sort();
show(a, a.length, 7 in a, [undefined, , null].sort(), [, ,].sort(), [undefined, 3, 1].sort((x, y) => y - x), [3, 1, undefined, 2].toSorted((x, y) => x - y), [, 1, , 0].toSorted());

/// sort_by_bad_comparators
show(thrown(() => [1, 2].sort(null)), thrown(() => [1].sort({})), thrown(() => [].sort('x')), [1, 2].sort(undefined), thrown(() => [1, 2].toSorted(null)), [3, 1, 2].sort(() => 0), [3, 1, 2].sort(() => NaN), [3, 1, 2].sort((a, b) => ({ valueOf: () => a - b })), [3, 1, 2].sort((a, b) => `${a - b}`), thrown(() => [2, 1].sort(() => 1n)), thrown(() => [2, 1].sort(() => { throw new RangeError('c'); })), [true, false].sort((a, b) => a - b));

/// sort_by_booleans
show([2, 1].sort((a, b) => a > b), [1, 2].sort((a, b) => a > b), [3, 1, 2].sort((a, b) => a > b));

/// sort_that_changes_its_array
const a = [3, 2, 1];
a.sort((x, y) => { a.length = 0; return x - y; });
show(a);
const b = [3, 2, 1];
b.sort((x, y) => { b.push(9); return x - y; });
show(b.slice(0, 3), b.length > 3);
const c = [2, 1];
show(thrown(() => c.sort(() => { Object.freeze(c); return 1; })));

/// sort_default_order
show([10, 9, 1, 100, -1, -2].sort(), ['b', 'a', 'B', 'A', 'é', 'z', '\u{1f600}', '\uffff'].sort(), [true, 'false', null, 0].sort(), [[2], [10], [1, 5]].sort(), [{ toString: () => 'b' }, { toString: () => 'a' }].map(String).sort(), thrown(() => [Symbol(), Symbol()].sort()), thrown(() => [Object.create(null), 1].sort()), [1e21, 2, 1e-7].sort(), ['1', 1, '01'].sort());

/// sort_is_stable_for_many
const many = Array.from({ length: 600 }, (_, i) => ({ k: (i * 7919) % 13, i }));
many.sort((a, b) => a.k - b.k);
let stable = true;
for (let i = 1; i < many.length; i++) if (many[i - 1].k > many[i].k || (many[i - 1].k === many[i].k && many[i - 1].i > many[i].i)) stable = false;
show(stable);

/// sort_of_typed_receivers
show(thrown(() => Array.prototype.sort.call(new Uint8Array([3, 1, 2]))), thrown(() => Array.prototype.sort.call(new Uint8Array([10, 9, 1]))), thrown(() => Uint8Array.prototype.sort.call([2, 1])), (function () { return Array.prototype.sort.call(arguments); })(3, 1, 2), Array.prototype.sort.call(function (a, b) {}).length, Array.prototype.sort.call({}), Array.prototype.sort.call({ length: -1, 0: 1 }), Array.prototype.sort.call({ length: '2', 0: 'b', 1: 'a' }));

/// lengths_near_the_limit
const o = { length: 2 ** 53 - 1 };
show(thrown(() => Array.prototype.push.call(o, 1)), thrown(() => Array.prototype.unshift.call({ length: 2 ** 53 - 1 }, 1)), Array.prototype.pop.call({ length: 2 ** 53 + 5, [2 ** 53 - 2]: 'x' }), thrown(() => new Array(2 ** 32)), thrown(() => new Array(-1)), thrown(() => new Array(1.5)), thrown(() => { [].length = -1; }), thrown(() => { [].length = 2 ** 32; }), new Array('3'), new Array(3).length, thrown(() => Array.prototype.concat.call({ length: 1 }, Object.assign({ length: 2 ** 53 - 1 }, { [Symbol.isConcatSpreadable]: true }))), Array.prototype.at.call({ length: 2 ** 60, [2 ** 53 - 2]: 'end' }, -1), Array.prototype.indexOf.call({ length: Infinity, 2: 'x' }, 'x'), thrown(() => Array.prototype.toReversed.call({ length: 2 ** 32 })), thrown(() => Array.prototype.with.call({ length: 2 ** 32 }, 0, 1)));

/// length_as_a_property
const a = [1, 2, 3];
Object.defineProperty(a, 1, { configurable: false });
show(thrown(() => { 'use strict'; a.length = 0; }), a, a.length, thrown(() => Object.defineProperty(a, 'length', { value: 1 })), a.length, describe([1]).length, thrown(() => Object.defineProperty([], 'length', { get() {} })), thrown(() => Object.defineProperty([1, 2], 'length', { value: { valueOf: () => 1 } })), thrown(() => Object.defineProperty([], 'length', { value: -1 })));
const b = Object.defineProperty([1], 'length', { writable: false });
show(thrown(() => b.push(2)), thrown(() => { 'use strict'; b[1] = 1; }), thrown(() => { 'use strict'; b[0] = 7; }), b, thrown(() => b.pop()), b);

/// length_converted_twice
let calls = 0;
const a = [1, 2, 3];
a.length = { valueOf() { calls++; return 1; } };
show(a, calls);

/// species_and_constructors
class More extends Array {}
const m = More.from([1, 2, 3]);
show(m.map((x) => x), m.filter(Boolean), m.slice(1), m.splice(0, 1), m.concat([9]), m.flat(), m.flatMap((x) => [x]), m.toReversed().constructor === Array, More.of(7).constructor === More, new More(3).length, thrown(() => { const a = [1]; a.constructor = { [Symbol.species]: class { constructor() { return Object.freeze([]); } } }; return a.map((x) => x); }), (() => { const a = [1, 2]; a.constructor = undefined; return a.map((x) => x * 2); })(), thrown(() => { const a = [1]; a.constructor = { [Symbol.species]: 5 }; return a.map((x) => x); }), (() => { const a = [1]; a.constructor = { [Symbol.species]: null }; return a.slice(); })());

/// concat_spreading
const spread = (o) => Object.assign(o, { [Symbol.isConcatSpreadable]: true });
show([1].concat(spread({ length: 2, 0: 'a', 1: 'b' })), [1].concat(Object.assign([2, 3], { [Symbol.isConcatSpreadable]: false })).length, [].concat(new Uint8Array(2)).length, [].concat('ab', 5, null, undefined, [[1]]), [1, , 3].concat([, 5]), [].concat(spread({ length: -1 })), [].concat(new Proxy([1, 2], {})), thrown(() => [].concat({ get [Symbol.isConcatSpreadable]() { throw new RangeError('s'); } })), [].concat(spread(Object.assign(() => {}, {}))).length);

/// flat_reports
show([1, [2, [3, [4]]]].flat(), [1, [2, [3, [4]]]].flat(Infinity), [[], [[]]].flat(), [1, , [2, , 3]].flat(), [[1]].flat(-1), [[1]].flat('x'), [[1]].flat(undefined), [[['a']]].flat('2'), [1, 2].flatMap((x) => [x, [x]]), [1].flatMap(() => 'ab'), thrown(() => [1].flatMap()), thrown(() => [].flatMap(null)), Array.prototype.flat.call({ length: 2, 0: [1], 1: 2 }));

/// splice_arguments
const run = (...args) => { const a = [1, 2, 3, 4]; return [a.splice(...args), a]; };
show(run(), run(undefined), run(1), run(1, undefined), run(-2), run(-9, 1), run(9, 1, 'x'), run(1, -1, 'x'), run(1, 2, 'a', 'b', 'c'), run(NaN, 1), run('1', '1'), run(0, Infinity), run(-Infinity, 1), run(1.9, 1.9), [1, 2, 3].toSpliced(1), [1, 2, 3].toSpliced(), [1, 2, 3].toSpliced(0, 1, 'x', 'y'), thrown(() => [1].with(1, 0)), thrown(() => [1].with(-2, 0)), [1, 2].with('1', 5), [1].with(NaN, 2));

/// copy_within_and_fill
show([1, 2, 3, 4, 5].copyWithin(0, 3), [1, 2, 3, 4, 5].copyWithin(1, 0, 3), [1, 2, 3, 4, 5].copyWithin(-2, -4, -3), [1, , 3].copyWithin(0, 1), [, 1].copyWithin(1, 0), [1, 2, 3].fill(0, -1), [1, 2, 3].fill(0, 1, 1), new Array(3).fill(), [1, 2, 3].fill(9, NaN, NaN), Array.prototype.fill.call({ length: 2 }, 1), Array.prototype.copyWithin.call({ length: 5, 3: 1 }, 0, 3));

/// index_of_and_includes
const holes = [1, , NaN, -0];
show(holes.indexOf(undefined), holes.includes(undefined), holes.indexOf(NaN), holes.includes(NaN), holes.indexOf(0), holes.includes(0), [1, 2, 1].lastIndexOf(1), [1, 2, 1].lastIndexOf(1, -2), [1, 2, 1].lastIndexOf(1, undefined), [1].lastIndexOf(1, -5), [1, 2].indexOf(2, -1), [1, 2].indexOf(1, 5), [1].includes(1, -Infinity), ['1'].includes(1), [[]].includes([]), [1, 2].at(), [1, 2].at(NaN), [1, 2].at(2), [1, 2].at('-1'));

/// reduce_and_find
show(thrown(() => [].reduce((a) => a)), thrown(() => [, ,].reduce((a) => a)), [, 5].reduce((a, b) => a + b), [1, 2, 3].reduceRight((a, b) => `${a}${b}`), [].reduce((a) => a, undefined), [1, , 2].find((x) => x === undefined), [1, , 2].findIndex((x) => x === undefined), [1, , 2].findLastIndex((x) => x === undefined), [1, 2, 3].findLast((x) => x < 3), [, 1].some((x) => x === undefined), [, 1].every((x) => x === 1), [, 1].map((x) => x), thrown(() => [1].find()), thrown(() => [].forEach({})), [3].map(function () { return typeof this; }, 'x'), [3].map(function () { 'use strict'; return typeof this; }, 'x'));

/// growing_and_shrinking_while_walking
const run = (act) => { const a = [1, 2, 3], seen = []; act(a, seen); return seen; };
show(run((a, s) => a.forEach((x) => { s.push(x); if (s.length < 9) a.push(9); })), run((a, s) => a.map((x) => { s.push(x); a.pop(); })), run((a, s) => { for (const x of a) { s.push(x); if (a.length < 6) a.push(7); } }), run((a, s) => a.find((x) => { s.push(x); a.length = 0; return false; })), run((a, s) => a.reduce((_, x) => { s.push(x); a.shift(); }, 0)), run((a, s) => { for (const i in a) { s.push(i); delete a[2]; } }), run((a, s) => a.every((x) => { s.push(x); a.unshift(0); return s.length < 5; })));

/// array_from_reports
show(Array.from({ length: 3 }, (_, i) => i), Array.from('a\u{1f600}b'), Array.from(new Map([[1, 2]])), Array.from({ length: 'x' }), Array.from({ length: 2, 0: 'a' }), Array.from([1, , 3]), thrown(() => Array.from(null)), Array.from(5), thrown(() => Array.from([1], 5)), Array.from([1], undefined), Array.from([1], function () { return this; }, 'x').length, Array.from.call(Object, [1, 2]), Array.from.call(function (n) { this.n = n; }, { length: 2 }).n, Array.of.call(function (n) { this.n = n; }, 7, 8).n, thrown(() => Array.from({ [Symbol.iterator]: 5 })), Array.from({ [Symbol.iterator]: undefined, length: 1, 0: 'x' }));

/// array_from_closes_its_source
const log = [];
const source = () => ({ [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }), return() { log.push('closed'); return {}; } }) });
show(thrown(() => Array.from(source(), () => { throw new RangeError('m'); })), log.length);
const [first] = source();
show(first, log.length, thrown(() => { for (const x of source()) throw x; }), log.length);

/// for_in_over_arrays
const a = ['x', 'y']; a.z = 1; a[-1] = 2; a['01'] = 3; a[Symbol()] = 4; Object.defineProperty(a, 'hidden', { value: 1 });
const keys = [];
for (const k in a) keys.push(k);
show(keys, Object.keys(a), Object.entries(a), a.length, JSON.stringify(a), Object.getOwnPropertyNames(a));

/// array_likes_with_far_keys
const a = [];
a[4294967294] = 1; a[4294967295] = 2;
show(a.length, Object.keys(a), a.indexOf(1, 4294967290), thrown(() => a.push(3)), a.length, Object.keys(a));

/// joins
show([null, undefined, [1, [2, null]]].join(), [1, 2].join(undefined), [1, 2].join(null), [1, 2].join(''), [].join(), [,].join(), [, ,].join(), String([[], {}]), [1n, Symbol.iterator.description].join(), thrown(() => [Symbol()].join()), Array.prototype.join.call({ length: 3, 1: 'x' }), Array.prototype.toString.call({ join: () => 'j' }), Array.prototype.toString.call({ join: 1 }));

/// join_of_an_array_in_itself
const a = [1];
a.push(a);
show(thrown(() => a.join()), thrown(() => String(a)));

/// is_array
show(Array.isArray(new Proxy([], {})), Array.isArray({ __proto__: Array.prototype }), Array.isArray(Array.prototype), Array.isArray(new Uint8Array(1)), thrown(() => { const { proxy, revoke } = Proxy.revocable([], {}); revoke(); return Array.isArray(proxy); }), Object.prototype.toString.call(new Proxy([], {})), JSON.stringify(new Proxy([1, 2], {})), Array.isArray((function () { return arguments; })()));

/// unscopables_and_names
show(Object.keys(Array.prototype[Symbol.unscopables]).sort(), Array.prototype.sort.name, Array.prototype.sort.length, Array.prototype.toSorted.length, Array.prototype.toSpliced.length, Array.prototype.with.length, Array.prototype[Symbol.iterator] === Array.prototype.values, describe(Array.prototype).sort[0], Array[Symbol.species] === Array, thrown(() => new Array.prototype.sort()));

/// to_locale_string_of_arrays
show([1, null, undefined, 'a'].toLocaleString(), [{ toLocaleString: () => 'L' }].toLocaleString(), thrown(() => [{ toLocaleString: 1 }].toLocaleString()), [[1, 2], [3]].toLocaleString());

/// sort_of_one_item
show(Object.freeze([1]).sort(), Object.freeze([]).sort(), thrown(() => Object.freeze([2, 1]).sort()), thrown(() => Object.freeze([1]).sort(5)), Array.prototype.sort.call({ length: 1, 0: 5 }));

/// sort_of_less_than_two_items
show([[], [undefined], [1], [,]].map((items) => thrown(() => Object.freeze(items).sort())), thrown(() => Object.freeze([undefined, undefined]).sort()), thrown(() => Object.freeze([, 1]).sort()), thrown(() => Object.freeze([1, undefined]).sort()), thrown(() => Object.freeze([undefined, 1]).sort()), thrown(() => Object.freeze([1, 2]).sort()));

/// sort_of_one_item_reads_and_writes_nothing
const said = [];
const one = { length: 1, get 0() { said.push('get'); return 1; }, set 0(value) { said.push('set'); } };
const two = { length: 2, get 0() { said.push('get 0'); return 1; }, set 0(value) { said.push('set 0'); }, get 1() { said.push('get 1'); return 2; }, set 1(value) { said.push('set 1'); } };
Array.prototype.sort.call(one);
Array.prototype.sort.call(two);
show(said, thrown(() => Array.prototype.sort.call('a')), thrown(() => Array.prototype.sort.call('aa')), thrown(() => Array.prototype.sort.call('')), thrown(() => [1].sort(1)));
