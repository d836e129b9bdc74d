/// conversions_on_write
const values = [300, -1, 1.9, -1.9, NaN, Infinity, '7', null, undefined, true, 2 ** 31, 2 ** 32 + 5, 0.5, 1.5, 2.5];
for (const T of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array]) show(new T(values));

/// constructors
show(new Uint8Array(3), new Uint8Array([1, 2]), new Uint8Array(new Set([3])), new Uint8Array({ length: 2, 0: 9 }), new Uint8Array(new Float32Array([1.7])), new Uint8Array(new ArrayBuffer(4), 1, 2), thrown(() => new Uint8Array(-1)), thrown(() => new Uint16Array(new ArrayBuffer(3))), thrown(() => new Uint16Array(new ArrayBuffer(4), 1)), thrown(() => new Uint8Array(new ArrayBuffer(4), 5)), thrown(() => Uint8Array(1)), thrown(() => new BigInt64Array(new Uint8Array(1))), new Uint8Array('3'), new Uint8Array(null));

/// out_of_bounds_and_odd_keys
const a = new Uint8Array(2);
a[5] = 1; a[-1] = 1; a['1.5'] = 1; a['-0'] = 1; a.x = 1; a['01'] = 2;
show(a, Object.keys(a), a[5], '5' in a, '-0' in a, delete a[9], thrown(() => { 'use strict'; delete a[0]; }), thrown(() => { 'use strict'; a[9] = 1; }), Object.getOwnPropertyDescriptor(a, 0), thrown(() => Object.defineProperty(a, 0, { value: 1, writable: false })), thrown(() => Object.freeze(a)));

/// methods
const a = new Uint8Array([5, 1, 4, 2, 3]);
show(a.slice(1, -1), a.subarray(1, 3), a.map((x) => x * 100), a.filter((x) => x > 2), a.indexOf(4), a.includes(9), a.join('-'), a.at(-1), a.find((x) => x < 3), a.findLast((x) => x < 3), a.reduce((s, x) => s + x), a.every(Boolean), a.toReversed(), a.toSorted(), a.with(0, 256), a.reverse(), a.sort(), a.fill(7, 1, 3), a.copyWithin(0, 3), a.lastIndexOf(7), [...a.entries()].length, a.toString());

/// sort_of_floats
show(new Float64Array([3, NaN, -0, 0, -Infinity, 1, -1]).sort(), new Int8Array([1, -1, 10]).sort((x, y) => y - x), new Float32Array([2, 1]).toSorted(), thrown(() => new Uint8Array(2).sort(null)));

/// set_and_overlap
const a = new Uint8Array([1, 2, 3, 4, 5]);
a.set(a.subarray(0, 3), 1);
show(a, (a.set([9], 4), a), thrown(() => a.set([1], 5)), thrown(() => a.set([1], -1)), (a.set({ length: 1, 0: '8' }), a), thrown(() => a.set(new BigInt64Array(1))), (a.set('12', 1), a));

/// subarray_shares_slice_copies
const a = new Uint16Array([1, 2, 3]), s = a.subarray(1), c = a.slice(1);
s[0] = 9; c[0] = 7;
show(a, s.byteOffset, s.buffer === a.buffer, c.buffer === a.buffer, s.byteLength, a.BYTES_PER_ELEMENT, Uint16Array.BYTES_PER_ELEMENT);

/// from_and_of
show(Uint8Array.from('123'), Uint8Array.from([1, 2], (x) => x * 2), Uint8Array.of(1, 300), Float32Array.from({ length: 2 }), thrown(() => Object.getPrototypeOf(Uint8Array).from([])), thrown(() => Object.getPrototypeOf(Uint8Array)()), Uint8Array.from(new Map([[1, 2]])), thrown(() => Uint8Array.from(null)));

/// endianness
const b = new ArrayBuffer(4);
new Uint32Array(b)[0] = 0x01020304;
show(hex(b), hex(new Float64Array([Math.PI]).buffer), hex(new Uint16Array([0x1234]).buffer));

/// data_view_reads_and_writes
const v = new DataView(new ArrayBuffer(16), 2, 12);
v.setInt16(0, -2); v.setUint32(2, 0xdeadbeef, true); v.setFloat32(6, 1.5); v.setUint8(10, 511);
show(hex(v.buffer), v.getInt16(0), v.getUint16(0), v.getUint32(2, true), v.getUint32(2), v.getFloat32(6), v.getInt8(11), v.byteLength, v.byteOffset, thrown(() => v.getInt32(9)), thrown(() => v.getInt8(-1)), thrown(() => v.setInt8(12, 0)), thrown(() => new DataView(v.buffer, 17)), thrown(() => new DataView(v.buffer, 0, 17)), thrown(() => new DataView({})), thrown(() => DataView(v.buffer)), v.getUint8(), v.getInt8('1'));

/// data_view_floats
const v = new DataView(new ArrayBuffer(8));
const out = [];
for (const x of [NaN, -0, Infinity, 5e-324, 1e300, 0.1]) { v.setFloat64(0, x); out.push(hex(v.buffer), v.getFloat64(0)); v.setFloat32(0, x); out.push(v.getFloat32(0)); }
show(out);

/// array_buffer_slice_and_view
const b = new Uint8Array([1, 2, 3, 4]).buffer;
show(b.slice(1, 3), b.slice(-2), b.slice(3, 1), b.byteLength, ArrayBuffer.isView(new DataView(b)), ArrayBuffer.isView(b), thrown(() => new ArrayBuffer(-1)), thrown(() => ArrayBuffer(1)), new ArrayBuffer(2.9).byteLength, new ArrayBuffer('3').byteLength, thrown(() => new ArrayBuffer(2 ** 53)), Object.prototype.toString.call(b));

/// resizable_buffers
const b = new ArrayBuffer(4, { maxByteLength: 8 });
const whole = new Uint8Array(b), part = new Uint8Array(b, 2, 2), rest = new Uint8Array(b, 2);
whole.set([1, 2, 3, 4]);
show(b.resizable, b.maxByteLength, whole.length, rest.length);
b.resize(6);
show(whole, part, rest, whole.length, rest.length);
b.resize(3);
show(whole, part.length, part.byteLength, part.byteOffset, part[0], rest, thrown(() => part.fill(1)));
b.resize(8);
show(whole, part, rest, thrown(() => b.resize(9)), thrown(() => new ArrayBuffer(4).resize(2)), thrown(() => new ArrayBuffer(9, { maxByteLength: 8 })), new ArrayBuffer(4).resizable);

/// resizable_buffers_while_iterating
const b = new ArrayBuffer(3, { maxByteLength: 8 });
const a = new Uint8Array(b);
const seen = [];
for (const x of a) { seen.push(x); if (seen.length === 2) b.resize(5); }
show(seen, thrown(() => { for (const x of a) b.resize(0); }), a.length, new DataView(b).byteLength, thrown(() => { const v = new DataView(new ArrayBuffer(2, { maxByteLength: 4 }), 1, 1); v.buffer.resize(1); return v.byteLength; }));

/// species_and_subclasses
class Bytes extends Uint8Array { get hex() { return hex(this); } }
const b = new Bytes([1, 2, 255]);
show(b.hex, b.map((x) => x + 1) instanceof Bytes, b.slice(1).hex, b.subarray(1).hex, Bytes.from([9]).hex, b.filter((x) => x > 1).constructor.name, b.toSorted() instanceof Bytes);

/// concat_and_spread
const a = new Uint8Array([1, 2]), b = new Uint8Array([3]);
const joined = new Uint8Array(a.length + b.length);
joined.set(a); joined.set(b, a.length);
show(joined, [...a, ...b], [].concat(a).length, Math.max(...a), Array.from(a), Array.prototype.slice.call(a, 1), String.fromCharCode(...joined));

/// prototype_chain
const TypedArray = Object.getPrototypeOf(Uint8Array);
show(TypedArray.name, Object.getPrototypeOf(Uint8Array.prototype) === TypedArray.prototype, Uint8Array.prototype[Symbol.toStringTag], Object.getOwnPropertyDescriptor(TypedArray.prototype, Symbol.toStringTag).get.call(new Int8Array()), Object.prototype.toString.call(new Uint8Array()), Uint8Array.length, Uint8Array.name, thrown(() => TypedArray.prototype.length), TypedArray.prototype.toString === Array.prototype.toString, TypedArray.prototype[Symbol.iterator] === TypedArray.prototype.values);

/// xor_shift_and_words
const words = new Uint32Array([0xffffffff, 1, 0x80000000]);
show(words[0] + 1, (words[0] << 4) >>> 0, words[2] >> 31, words[2] >>> 31, (words[1] - 2) >>> 0, Math.imul(words[0], words[0]));

/// hex_and_back
const h = '00ff10abcdef';
show(unhex(h), hex(unhex(h)), hex(new Uint16Array([1, 256])), hex(new Uint8Array([1, 2, 3]).subarray(1)), hex(new DataView(new ArrayBuffer(3), 1)));

/// index_conversions_in_methods
const a = new Uint8Array([1, 2, 3]);
show(a.slice('1'), a.at(1.9), a.fill('4', '1', '2'), a.indexOf(4, -5), a.subarray(NaN), a.subarray(-1, 99), a.slice(5), thrown(() => a.with(3, 0)), thrown(() => a.map(1)), thrown(() => a.at.call([], 0)), a.with('0', '9'));

/// fill_and_conversion_of_values
show(new Uint8ClampedArray(3).fill(1.5), new Uint8ClampedArray([-5, 0.5, 1.5, 254.5, 255.5, NaN]), new Float32Array(1).fill('0x10'), thrown(() => new Uint8Array(1).fill(1n)), thrown(() => new Uint8Array(1).fill(Symbol())), thrown(() => new BigUint64Array(1).fill(1)));

/// crc32_and_adler
const bytes = Uint8Array.from('The quick brown fox jumps over the lazy dog', (c) => c.charCodeAt(0));
let crc = ~0;
for (const b of bytes) { crc ^= b; for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1)); }
let a = 1, s = 0;
for (const b of bytes) { a = (a + b) % 65521; s = (s + a) % 65521; }
show((~crc >>> 0).toString(16), ((s << 16 | a) >>> 0).toString(16));
