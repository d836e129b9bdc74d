/// sort_is_stable_and_by_text
show([10, 9, 1, 2].sort(), [3, undefined, 1, , null].sort(), ['b', , 'a', undefined].sort(), [5, 1, 4].sort((a, b) => b - a), [1, 2, 3].sort(() => 0), Array.from({ length: 40 }, (_, i) => ({ k: i % 3, i })).sort((a, b) => a.k - b.k).map((x) => x.i).join());

/// sort_comparator_rules
show(thrown(() => [1].sort(null)), thrown(() => [2, 1].sort('x')), [2, 1].sort(undefined), thrown(() => [2, 1].sort(() => { throw new RangeError('r'); })), [3, 1, 2].sort(() => NaN), [1n, 3, 2n].sort((a, b) => Number(a) - Number(b)));

/// splice_and_copy_within
const a = [1, 2, 3, 4, 5];
show(a.splice(1, 2, 'x', 'y', 'z'), a, a.splice(-1), a, a.splice(), a.splice(0, undefined), a.splice(undefined), a, [1, 2, 3, 4, 5].copyWithin(0, 3), [1, 2, 3, 4, 5].copyWithin(1, 0, 3), [1, , 3].copyWithin(0, 1));

/// change_by_copy
const a = [3, 1, , 2];
show(a.toSorted(), a.toReversed(), a.with(0, 'w'), a.toSpliced(1, 2, 'x', 'y'), a, thrown(() => a.with(9, 1)), a.with(-1, 'last'), thrown(() => a.toSorted(1)), [1, 2].toSpliced(), Array.prototype.toSorted.call({ length: 2, 0: 'b', 1: 'a' }));

/// find_family
const a = [5, 12, 8, 130];
show(a.find((x) => x > 10), a.findLast((x) => x > 10), a.findIndex((x) => x > 10), a.findLastIndex((x) => x > 10), a.find(() => false), a.findIndex(() => false), [, 1].find((x, i) => i === 0), [, 1].findIndex((x) => x === undefined), thrown(() => a.find()));

/// flat_and_flat_map
show([1, [2, [3, [4]]]].flat(), [1, [2, [3, [4]]]].flat(Infinity), [1, , [2, , 3]].flat(), [1, 2].flatMap((x) => [x, [x]]), [[1]].flat(0), [1].flatMap((x) => x), ['a b', 'c'].flatMap((s) => s.split(' ')), thrown(() => [].flatMap(1)));

/// reduce
show([1, 2, 3].reduce((a, b) => a + b), [1, 2, 3].reduceRight((a, b) => `${a}${b}`), thrown(() => [].reduce((a) => a)), [].reduce((a) => a, 'init'), [, 1].reduce((a, b) => b), [1, 2].reduce((a, v, i, all) => [...a, v * i, all.length], []), thrown(() => [,].reduce(() => 0)));

/// holes
const a = [1, , 3];
show(a, a.length, 1 in a, a.map((x) => x * 2), a.filter(() => true), a.forEach((x) => x), a.every((x) => x), a.some((x) => x === undefined), [...a], a.includes(undefined), a.indexOf(undefined), a.join('-'), Object.keys(a), a.entries().next().value, [, ,].length, Array(3), a.concat([, 1]), a.slice(0, 2), a.reverse());

/// length_changes
const a = [1, 2, 3];
a.length = 1;
a[3] = 'x';
show(a, a.length, thrown(() => { a.length = -1; }), thrown(() => { a.length = 1.5; }), thrown(() => new Array(-1)), thrown(() => Array(1.5)), Array('3'), Array(1, 2), (a[4294967295] = 1, a.length), thrown(() => { a.length = 2 ** 32; }));

/// array_from_and_of
show(Array.from('abc', (c, i) => c + i), Array.from({ length: 3, 0: 'a', 2: 'c' }), Array.from(new Map([[1, 2]])), Array.from(5), Array.of(7), Array.of(), thrown(() => Array.from(null)), thrown(() => Array.from([], 1)), Array.from.call(Object, [1]), Array.from(new Set([3, 3, 4]), function (x) { return x * this.k; }, { k: 10 }));

/// index_of_family
const a = [1, NaN, 3, 1, -0];
show(a.indexOf(1), a.lastIndexOf(1), a.indexOf(NaN), a.includes(NaN), a.indexOf(1, 1), a.indexOf(1, -2), a.lastIndexOf(1, -3), a.includes(0), a.indexOf(0), a.indexOf('1'), [].lastIndexOf(1), a.lastIndexOf(1, undefined), a.includes());

/// at_fill_and_friends
show([1, 2, 3].at(-1), [1, 2, 3].at(5), new Array(3).fill(0), [1, 2, 3].fill('x', 1), [1, 2, 3].fill('x', -2, -1), Array(2).fill([]).map((x, i, all) => x === all[0]), [1, 2, 3].at('1'), [1, 2, 3].at(NaN));

/// push_pop_shift_unshift
const a = [];
show(a.push(1, 2), a.unshift(0), a.shift(), a.pop(), a, [].pop(), [].shift(), a.unshift(), a.push(), Array.prototype.push.call({ length: 2 ** 53 - 2 }, 1), thrown(() => Array.prototype.push.call({ length: 2 ** 53 - 1 }, 1)));

/// join_and_to_string
show([1, [2, [3]], null, undefined, true].join(), [1, 2].join(undefined), [1, 2].join(null), [[], [[]]].toString(), String([1, { toString: () => 'T' }]), [].join(), Array.prototype.toString.call({ join: () => 'own join' }), Array.prototype.toString.call({}));

/// join_of_a_cycle
const a = [1];
a.push(a);
show(thrown(() => a.join()), thrown(() => String(a)));

/// generic_methods_on_array_likes
const like = { length: 3, 0: 'a', 1: 'b', 2: 'c' };
show(Array.prototype.map.call(like, (x) => x + x), Array.prototype.slice.call('abc', 1), Array.prototype.join.call(like, '+'), Array.prototype.pop.call(like), like, Array.prototype.reverse.call({ length: 2, 0: 1 }), Array.prototype.filter.call('aXbX', (c) => c > 'Z'), Array.prototype.concat.call(1, 2).length, Array.prototype.at.call({ length: 1, 0: 'z' }, -1));

/// callbacks_this_and_arguments
const log = [];
[7].forEach(function (v, i, all) { log.push(this.k, v, i, all); }, { k: 'this' });
[1].map(function () { 'use strict'; log.push(this); });
show(log, ['1', '2', '3'].map(parseInt), ['1', '2', '3'].map(Number));

/// mutation_while_iterating
const a = [1, 2, 3];
const seen = [];
a.forEach((x, i) => { seen.push(x); if (i === 0) { a.pop(); a.push(9); } });
const b = [1, 2, 3, 4];
const mapped = b.map((x, i) => { if (i === 0) b.length = 2; return x; });
show(seen, mapped, [1, 2, 3].filter((x, i, all) => { all.push(x); return x > 1; }));

/// is_array
show(Array.isArray([]), Array.isArray(new Proxy([], {})), Array.isArray({ length: 0 }), Array.isArray(Array.prototype), Array.isArray(new Uint8Array()), Array.isArray(Object.create(Array.prototype)), thrown(() => { const { proxy, revoke } = Proxy.revocable([], {}); revoke(); Array.isArray(proxy); }));

/// entries_keys_values
const a = ['x', , 'z'];
show([...a.entries()], [...a.keys()], [...a.values()], a[Symbol.iterator] === a.values, Array.prototype[Symbol.iterator].name);

/// concat
show([1].concat(2, [3, [4]], 'ab'), [].concat(null, undefined), [1].concat({ length: 1, 0: 'x' }).length, [].concat([, ,]).length, [[1], [2]].reduce((a, b) => a.concat(b)));

/// frozen_arrays
'use strict';
const a = Object.freeze([1, 2]);
show(thrown(() => a.push(3)), thrown(() => a.pop()), thrown(() => { a[0] = 9; }), thrown(() => { a.length = 0; }), a.map((x) => x), a.toSorted((x, y) => y - x), thrown(() => a.fill(0)), thrown(() => a.splice(0, 1)), Object.isFrozen(a));

/// sort_of_a_frozen_array
show(thrown(() => Object.freeze([1, 2]).sort()), thrown(() => Object.freeze([2, 1]).sort()));

/// sort_comparator_that_returns_booleans
show([3, 1, 2].sort((a, b) => a > b));

/// non_writable_length
const a = Object.defineProperty([1, 2], 'length', { writable: false });
show(thrown(() => a.push(1)), thrown(() => { 'use strict'; a[2] = 1; }), thrown(() => a.pop()), a, describe(a));

/// group_by_hand
const group = (list, key) => list.reduce((out, x) => ((out[key(x)] ??= []).push(x), out), {});
show(group([1, 2, 3, 4], (x) => (x % 2 ? 'odd' : 'even')), Object.fromEntries([['a', 1]].map(([k, v]) => [k, v + 1])));

/// unique_chunk_zip_range
const chunk = (a, n) => a.length ? [a.slice(0, n), ...chunk(a.slice(n), n)] : [];
const zip = (...as) => as[0].map((_, i) => as.map((a) => a[i]));
show([...new Set([3, 1, 3, NaN, NaN])], chunk([1, 2, 3, 4, 5], 2), zip([1, 2], ['a', 'b']), [...Array(3).keys()], Array.from({ length: 3 }, (_, i) => i ** 2));

/// sparse_and_large_indexes
const a = [];
a[5] = 1;
a['7'] = 2;
a['-1'] = 3;
a[1.5] = 4;
show(a, a.length, Object.keys(a), a.reverse().length, [1e3].length, [, 'x'].sort(), delete a[0]);

/// species_and_own_constructor
const a = [1, 2, 3];
a.constructor = { [Symbol.species]: function (n) { this.made = n; } };
const out = a.map((x) => x);
show(Array.isArray(out), out.made, out[1]);
a.constructor = undefined;
show(Array.isArray(a.map((x) => x)), thrown(() => { a.constructor = 1; a.map((x) => x); }));

/// unshift_and_splice_on_sparse
const a = [, 1];
a.unshift('x');
const b = [1, , 3];
b.splice(1, 0, 'in');
show(a, b, [, , 1].lastIndexOf(undefined), [,].fill().length);

/// to_locale_string
show([1, 'a', null, [2]].toLocaleString(), [{ toLocaleString: () => 'own' }].toLocaleString());

/// nested_sort_by_several_keys
const rows = [['b', 2], ['a', 2], ['a', 1], ['c', 0]];
show(rows.toSorted(([x, i], [y, j]) => i - j || (x < y ? -1 : 1)));

/// stack_queue_and_matrix
const m = [[1, 2, 3], [4, 5, 6]];
show(m[0].map((_, i) => m.map((row) => row[i])), m.flat().reduce((a, b) => a + b), m.map((r) => Math.max(...r)));

/// array_methods_lengths_and_names
show(['concat', 'push', 'splice', 'slice', 'indexOf', 'reduce', 'from', 'flat', 'at', 'fill', 'copyWithin', 'toSpliced', 'with'].map((n) => [n, (Array.prototype[n] ?? Array[n]).length, (Array.prototype[n] ?? Array[n]).name]));
