/// set_of_the_other_content_type
const kinds = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array];
for (const T of kinds) for (const S of kinds) for (const n of [0, 1]) show(T.name, S.name, n, thrown(() => String(new T(1).set(new S(n)))));

/// set_of_things_that_are_no_typed_arrays
show(thrown(() => new BigInt64Array(1).set([])), thrown(() => new BigInt64Array(1).set([1])), thrown(() => new BigInt64Array(1).set(['1'])), thrown(() => new Int8Array(1).set([1n])), thrown(() => new Int8Array(1).set(null)), thrown(() => new Int8Array(1).set(undefined)), thrown(() => new Int8Array(1).set()), thrown(() => new Int8Array(1).set(5)), thrown(() => new Int8Array(1).set('7')), thrown(() => new Int8Array(0).set('7')), thrown(() => new Int8Array(1).set({ length: 2 })), thrown(() => new Int8Array(1).set({ length: -1 })), thrown(() => new Int8Array(1).set([Symbol()])), thrown(() => Int8Array.prototype.set.call([], [])), thrown(() => new Int8Array(2).set(new DataView(new ArrayBuffer(1)))), thrown(() => new Int8Array(2).set(new ArrayBuffer(9))));

/// set_offsets
for (const o of [0, 1, 2, 3, -1, 1.9, -0.9, NaN, '1', null, undefined, Infinity, -Infinity, {}, 2 ** 53, 1e300]) show(o, thrown(() => { const a = new Uint8Array(3); a.set([7, 8], o); return a; }), thrown(() => { const a = new Uint8Array(3); a.set(new Uint8Array([7, 8]), o); return a; }), thrown(() => { const a = new Uint8Array(3); a.set([], o); return a; }));
show(thrown(() => new Uint8Array(1).set([], 1n)), thrown(() => new Uint8Array(1).set([], Symbol())), thrown(() => new Uint8Array(1).set([], { valueOf() { throw new EvalError('v'); } })));

/// set_order_of_effects
const log = [];
const source = { get length() { log.push('length'); return 1; }, get 0() { log.push('0'); return { valueOf() { log.push('valueOf'); return 5; } }; } };
const a = new Uint8Array(2);
a.set(source, { valueOf() { log.push('offset'); return 1; } });
show(a, log, thrown(() => a.set({ length: 2, 0: 9, get 1() { throw new RangeError('g'); } })), a);

/// with_and_its_values
show(thrown(() => new BigInt64Array().with()), thrown(() => new BigInt64Array(1).with(0, 1)), new BigInt64Array(1).with(0, 5n), new BigInt64Array(1).with(0, '7'), thrown(() => new Uint8Array(1).with(0, 1n)), thrown(() => new Uint8Array(1).with(1, 0)), thrown(() => new Uint8Array(1).with(-2, 0)), new Uint8Array(2).with(-1, 257), new Uint8Array(2).with('1', '3'), new Uint8Array(1).with(NaN, 4), thrown(() => new Uint8Array(1).with(Infinity, 4)), new Float64Array(1).with(0), thrown(() => new Uint8Array(1).with(5, { valueOf() { throw new EvalError('v'); } })));

/// fill_and_its_values
show(thrown(() => new BigInt64Array(0).fill(1)), thrown(() => new BigInt64Array(0).fill()), thrown(() => new Uint8Array(0).fill(1n)), thrown(() => new Uint8Array(0).fill(Symbol())), new Uint8Array(2).fill(), new Float64Array(2).fill(), new BigInt64Array(1).fill(true), new Uint8Array(3).fill(300, 1), new Uint8ClampedArray(1).fill(0.5), new Uint8ClampedArray(1).fill(1.5), new Uint8Array(3).fill(1, -1), new Uint8Array(3).fill(1, 2, 1), (() => { let n = 0; new Uint8Array(3).fill({ valueOf() { n++; return 1; } }); return n; })());

/// writes_of_the_other_content_type
show(thrown(() => { new BigInt64Array(1)[0] = 1; }), thrown(() => { new BigInt64Array(1)[5] = 1; }), thrown(() => { new Uint8Array(1)[0] = 1n; }), thrown(() => { new Uint8Array(1)[5] = 1n; }), thrown(() => { new BigInt64Array(1)[0] = '12'; }), thrown(() => { new BigInt64Array(1)[0] = 'x'; }), thrown(() => { new Uint8Array(1)[0] = Symbol(); }), thrown(() => Reflect.set(new BigInt64Array(1), 0, 1)), thrown(() => new Uint8Array([1n])), thrown(() => new BigInt64Array([1])), thrown(() => BigInt64Array.from([1])), thrown(() => Uint8Array.of(1n)), thrown(() => new BigInt64Array(new Uint8Array(0))), thrown(() => new Uint8Array(new BigInt64Array(0))), new BigInt64Array([true, '5']), thrown(() => new BigInt64Array([null])));

/// definitions_of_the_other_content_type
show(thrown(() => Reflect.defineProperty(new BigInt64Array(1), 0, { value: 1 })), thrown(() => Reflect.defineProperty(new Uint8Array(1), 0, { value: 1n })));

/// search_of_the_other_content_type
show(new BigInt64Array([1n]).includes(1), new BigInt64Array([1n]).indexOf(1n), new Uint8Array([1]).indexOf(1n), new Uint8Array([1]).includes('1'), new Float32Array([NaN]).includes(NaN), new Float32Array([NaN]).indexOf(NaN), new Uint8Array([0]).includes(-0), new Uint8Array([1]).lastIndexOf(257), new Uint8Array([1, 2, 1]).lastIndexOf(1, -2), new Float32Array([1.1]).indexOf(1.1), new Uint8Array([1]).includes(), new Uint8Array([1]).includes(undefined));

/// sort_reports
show(new BigInt64Array([3n, -1n, 2n]).sort(), new BigUint64Array([2n ** 63n, 1n]).sort(), new Float64Array([NaN, 1, -0, 0, -Infinity, NaN]).sort(), thrown(() => new Uint8Array(1).sort(null)), thrown(() => new Uint8Array(0).sort({})), new Uint8Array([3, 1]).sort(undefined), new Uint8Array([3, 1, 2]).sort(() => NaN), thrown(() => new BigInt64Array([2n, 1n]).sort((a, b) => a - b)), new BigInt64Array([2n, 1n]).sort((a, b) => Number(a - b)), thrown(() => new Uint8Array([2, 1]).sort(() => { throw new RangeError('c'); })), new Uint8Array([10, 9, 1]).sort(), new Uint8Array([3, 1, 2]).toSorted((a, b) => b - a), thrown(() => new Uint8Array(1).toSorted(null)));

/// species_results
class Short extends Uint8Array { static get [Symbol.species]() { return class { constructor() { return new Uint8Array(1); } }; } }
class Wide extends Uint8Array { static get [Symbol.species]() { return Uint16Array; } }
class Other extends Uint8Array { static get [Symbol.species]() { return BigInt64Array; } }
class Plain extends Uint8Array { static get [Symbol.species]() { return Array; } }
const call = (T, f) => thrown(() => f(T.of(1, 2, 3)));
for (const T of [Short, Wide, Other, Plain]) show(T.name, call(T, (a) => a.map((x) => x)), call(T, (a) => a.filter(() => true)), call(T, (a) => a.slice()), call(T, (a) => a.slice(2)), call(T, (a) => a.slice(3)), call(T, (a) => a.subarray(1)), call(T, (a) => a.toReversed().constructor === Uint8Array));

/// constructor_arguments
const b = new ArrayBuffer(8);
show(new Uint16Array(b, undefined).length, new Uint16Array(b, 2).length, new Uint16Array(b, 2, undefined).length, thrown(() => new Uint16Array(b, 1)), thrown(() => new Uint16Array(b, 10)), thrown(() => new Uint16Array(b, 2, 4)), new Uint16Array(b, 8).length, thrown(() => new Uint16Array(b, -2)), new Uint16Array(b, '2', '1').length, thrown(() => new Uint32Array(new ArrayBuffer(6))), thrown(() => new Uint8Array(2 ** 53)), thrown(() => new Uint8Array(-1)), new Uint8Array(1.9).length, new Uint8Array(NaN).length, new Uint8Array('2').length, thrown(() => new Uint8Array(Symbol())), new Uint8Array(undefined).length, new Uint8Array(null).length, new Uint8Array(true).length, new Uint8Array({}).length, new Uint8Array({ length: '2', 1: '7' }), new Uint8Array('abc').length, thrown(() => new Uint8Array(1n)), thrown(() => Uint8Array()), thrown(() => new (Object.getPrototypeOf(Uint8Array))()), Uint8Array.length, Object.getPrototypeOf(Uint8Array).length);

/// constructor_from_iterables
const log = [];
const it = { length: 5, [Symbol.iterator]: function* () { log.push('a'); yield 1; log.push('b'); yield 2; } };
show(new Uint8Array(it), log, thrown(() => new Uint8Array({ [Symbol.iterator]: 5 })), new Uint8Array({ [Symbol.iterator]: null, length: 1, 0: 3 }), new Uint8Array(new Set([1, 1, 2])), Uint8Array.from(it, (x) => x * 100), Uint8Array.from({ length: 2 }, (_, i) => i), thrown(() => Uint8Array.from([1], 5)), thrown(() => Uint8Array.from.call(Array, [1])), thrown(() => Uint8Array.from.call({}, [1])), thrown(() => Uint8Array.of.call(Array, 1)), Uint8Array.from('12'));

/// source_that_shrinks_while_it_is_read
show(new Uint8Array({ length: 8, get 0() { this.length = 0; return 1; } }).length, (() => { const s = [1, 2, 3]; Object.defineProperty(s, 0, { get() { s.length = 1; return 9; } }); return new Uint8Array(s); })(), Uint8Array.from({ length: 3, 0: 1, get 1() { delete this[2]; return 2; }, 2: 3 }));

/// resized_under_the_hands
const make = (n, max) => new ArrayBuffer(n, { maxByteLength: max });
const b = make(8, 16), whole = new Uint8Array(b), fixed = new Uint8Array(b, 2, 4), tail = new Uint8Array(b, 4);
const lengths = () => [whole.length, fixed.length, tail.length, fixed.byteOffset, tail.byteOffset, tail.byteLength];
show(lengths()); b.resize(16); show(lengths()); b.resize(5); show(lengths()); b.resize(3); show(lengths()); b.resize(0); show(lengths()); b.resize(8); show(lengths(), b.resizable, b.maxByteLength, thrown(() => b.resize(17)), thrown(() => b.resize(-1)), thrown(() => new ArrayBuffer(2, { maxByteLength: 1 })), new ArrayBuffer(1, { maxByteLength: undefined }).resizable);

/// methods_of_arrays_out_of_bounds
const b = new ArrayBuffer(8, { maxByteLength: 8 }), a = new Uint8Array(b, 4, 4);
b.resize(2);
const run = (name, ...args) => thrown(() => a[name](...args));
for (const [name, ...args] of [['at', 0], ['fill', 1], ['set', []], ['slice'], ['subarray', 0], ['map', (x) => x], ['sort'], ['indexOf', 1], ['includes', undefined], ['join'], ['reverse'], ['copyWithin', 0, 1], ['with', 0, 1], ['toSorted'], ['entries'], ['every', Boolean], ['toString'], ['find', Boolean]]) show(name, run(name, ...args));
show(a[0], (a[0] = 1, a[0]), 0 in a, Object.keys(a), thrown(() => [...a]), thrown(() => new Uint8Array(a)), thrown(() => new DataView(b, 4)));

/// freeze_of_a_view_of_a_resizable_buffer
const b = new ArrayBuffer(8, { maxByteLength: 8 }), a = new Uint8Array(b, 4, 4);
show(thrown(() => { Object.freeze(a); }));
b.resize(2);
show(thrown(() => { Object.freeze(a); }), thrown(() => { Object.freeze(new Uint8Array(0)); }), thrown(() => { Object.freeze(new Uint8Array(1)); }));

/// buffers_resized_in_callbacks
const make = () => { const b = new ArrayBuffer(4, { maxByteLength: 8 }); return [b, new Uint8Array(b)]; };
const run = (act) => { const [b, a] = make(); a.set([4, 3, 2, 1]); return thrown(() => act(a, b)); };
show(run((a, b) => { const seen = []; a.forEach((x, i) => { seen.push(x); if (i === 0) b.resize(2); }); return seen; }), run((a, b) => a.map((x, i) => { if (i === 1) b.resize(2); return x; })), run((a, b) => a.fill({ valueOf() { b.resize(2); return 7; } })), run((a, b) => { a.sort((x, y) => { b.resize(2); return x - y; }); return a; }), run((a, b) => a.indexOf(undefined, { valueOf() { b.resize(2); return 0; } })), run((a, b) => a.includes(undefined, { valueOf() { b.resize(2); return 0; } })), run((a, b) => a.join({ toString() { b.resize(2); return '-'; } })), run((a, b) => a.at({ valueOf() { b.resize(2); return -1; } })), run((a, b) => a.slice(0, { valueOf() { b.resize(2); return 4; } })), run((a, b) => a.subarray(0, { valueOf() { b.resize(2); return 4; } })), run((a, b) => { a.copyWithin({ valueOf() { b.resize(2); return 0; } }, 1); return a; }), run((a, b) => { a.set({ length: 4, get 0() { b.resize(2); return 9; }, 1: 9, 2: 9, 3: 9 }); return a; }), run((a, b) => a.with(0, { valueOf() { b.resize(2); return 9; } })), run((a, b) => { a[3] = { valueOf() { b.resize(2); return 9; } }; return a; }));

/// keys_that_look_like_numbers
const a = new Uint8Array(2);
for (const k of ['-0', '1.5', '-1', '2', '1e3', 'NaN', 'Infinity', '-Infinity', '0.0', '00', '+1', '1e-7', '9007199254740993', ' 0', '']) { a[k] = 1; show(k, k in a, Object.hasOwn(a, k), a[k], Reflect.set(a, k, 1), Reflect.defineProperty(a, k, { value: 1, writable: true, enumerable: true, configurable: true }), Reflect.deleteProperty(a, k)); }

/// keys_on_the_prototype_chain
const o = Object.create(new Uint8Array([7]));
o[0] = 1; o[5] = 2; o['-0'] = 3; o.x = 4;
show(Object.keys(o), o[0], o[5], '5' in o, Reflect.set(o, 5, 1), Reflect.set(new Uint8Array(1), 0, 5, {}), Reflect.set({}, 0, 5, new Uint8Array(1)), Reflect.get(new Uint8Array([9]), 0, {}), Object.entries(new Uint8Array([1, 2])));

/// data_view_reports
const v = new DataView(new ArrayBuffer(8), 1);
show(v.byteLength, v.byteOffset, thrown(() => v.getInt8(7)), thrown(() => v.getInt8(-1)), v.getInt8(), v.getInt8('1'), thrown(() => v.getFloat64(0)), thrown(() => v.setInt8(7, { valueOf() { throw new EvalError('v'); } })), thrown(() => v.setInt8(-1, { valueOf() { throw new EvalError('v'); } })), thrown(() => v.setBigInt64(0, 1)), thrown(() => v.setInt8(0, 1n)), v.setInt16(0, 65535), v.getInt16(0), v.getUint16(0, true), v.setFloat32(0, 1.1), v.getFloat32(0), v.setUint32(0, -1), v.getUint32(0), thrown(() => DataView(new ArrayBuffer(1))), thrown(() => new DataView({})), thrown(() => new DataView(new ArrayBuffer(1), 2)), thrown(() => new DataView(new ArrayBuffer(1), 0, 2)), new DataView(new ArrayBuffer(1), 1).byteLength, thrown(() => v.getInt8(Infinity)), v.getInt8(NaN), DataView.length, v.setInt8.length);

/// array_buffer_slices
const b = new Uint8Array([1, 2, 3, 4]).buffer;
show(b.slice(1, 3), b.slice(-2), b.slice(3, 1), b.slice(), b.slice(undefined, undefined), b.slice('1', null), thrown(() => ArrayBuffer(1)), thrown(() => new ArrayBuffer(-1)), new ArrayBuffer('3').byteLength, new ArrayBuffer().byteLength, thrown(() => new ArrayBuffer(2 ** 53)), ArrayBuffer.isView(new DataView(b)), ArrayBuffer.isView(b), thrown(() => ArrayBuffer.prototype.slice.call({})), thrown(() => { b.constructor = { [Symbol.species]: function () { return b; } }; return b.slice(); }), thrown(() => ArrayBuffer.prototype.byteLength));

/// iteration_and_names
const a = new Uint8Array([5, 6]);
show([...a.keys()], [...a.entries()], Object.getPrototypeOf(Uint8Array).prototype[Symbol.toStringTag], a[Symbol.toStringTag], Object.prototype.toString.call(a), Uint8Array.name, Uint8Array.BYTES_PER_ELEMENT, describe(Uint8Array).BYTES_PER_ELEMENT, Object.hasOwn(Uint8Array.prototype, 'set'), a.toString === Array.prototype.toString, a.set.length, a.set.name, a.subarray.length, a.toLocaleString(), Object.getPrototypeOf(Uint8Array).name, a[Symbol.iterator] === a.values, thrown(() => Object.getPrototypeOf(Uint8Array).prototype.length));

/// conversions_that_round
show(new Float32Array([16777217, 1e39, 1e-46, 0.1]), new Uint8ClampedArray([0.5, 1.5, 2.5, -1, 256, NaN, Infinity, 254.5]), new Int32Array([2147483648, -2147483649, 4294967296.5, 1e20, NaN, -0.9]), new Uint32Array([-1, 2 ** 32, 2 ** 53]), new Int16Array([32768, 65536, -32769]), new BigInt64Array([2n ** 63n, -(2n ** 63n) - 1n]), new BigUint64Array([-1n, 2n ** 64n]), new Int8Array(['0x10', '', ' 5 ', 'x', [7], true, null]));

/// join_and_to_locale_of_typed_arrays
show(new Float64Array([1.5, NaN, -0]).join(), new Uint8Array(0).join(), new Uint8Array(2).join(undefined), new Uint8Array(2).join(null), new BigInt64Array([1n, -2n]).join('|'), thrown(() => new Uint8Array(1).join(Symbol())), String(new Uint8Array([1, 2])), JSON.stringify(new Uint8Array([1, 2])), JSON.stringify({ a: new Float32Array([0.5]) }), thrown(() => JSON.stringify(new BigInt64Array(1))));

/// set_of_an_overlapping_view_of_another_type
const b = new ArrayBuffer(16), bytes = new Uint8Array(b);
bytes.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
new Uint16Array(b, 0, 8).set(bytes.subarray(0, 8));
show(bytes);
bytes.set(new Uint16Array(b, 4, 4), 1);
show(bytes, (bytes.set(bytes.subarray(0, 4), 2), bytes), (new Float32Array(b).set(new Int8Array(b, 1, 3), 1), bytes));
