/// from_texts_in_every_encoding
for (const [s, e] of [['héllo', 'utf8'], ['héllo', 'utf-8'], ['héllo€', 'latin1'], ['héllo', 'binary'], ['héllo', 'ascii'], ['hé\u{1F600}', 'utf16le'], ['ab', 'ucs2'], ['ab', 'ucs-2'], ['ab', 'UTF-16LE'], ['00ff1G22', 'hex'], ['abc', 'hex'], ['AB', 'HEX'], ['aGk=', 'base64'], ['aGk', 'base64'], ['a-_/', 'base64'], ['a-_/', 'base64url'], ['aG k=\n', 'base64'], ['aGk=aGk=', 'base64'], ['é', 'base64'], ['\ud800', 'utf8'], ['', 'hex']]) show(s, e, hex(Buffer.from(s, e)));

/// to_string_in_every_encoding
const b = Buffer.from([0x68, 0xc3, 0xa9, 0x80, 0xff, 0x00, 0x41]);
for (const e of [undefined, 'utf8', 'latin1', 'binary', 'ascii', 'utf16le', 'ucs2', 'hex', 'base64', 'base64url']) show(e, b.toString(e));
show(b.toString('utf8', 1, 3), b.toString('hex', 2), b.toString('hex', -5, 99), b.toString('hex', 5, 2), thrown(() => b.toString('nope')));

/// from_other_things
show(Buffer.from([1, 256, -1, 'x', 1.9, '7']), Buffer.from(new Uint16Array([1, 257])), Buffer.from(Buffer.from('a')), Buffer.from(new ArrayBuffer(2)), Buffer.from(unhex('010203').buffer, 1, 1), Buffer.from({ length: 2, 0: 1, 1: 2 }), Buffer.from({ type: 'Buffer', data: [9] }), Buffer.from(Object('str')), thrown(() => Buffer.from(new Set())), thrown(() => Buffer.from(5)), thrown(() => Buffer.from(null)), thrown(() => Buffer.from()), thrown(() => Buffer.from({})), Buffer.from({ valueOf: () => 'v' }), Buffer.from({ [Symbol.toPrimitive]: () => 'p' }), thrown(() => Buffer.from('a', 'nope')), thrown(() => Buffer.from(() => {})));

/// from_shares_or_copies
const u = new Uint8Array([1, 2]);
const shared = Buffer.from(u.buffer), copy = Buffer.from(u);
u[0] = 9;
show(shared, copy);

/// alloc
show(Buffer.alloc(3), Buffer.alloc(3, 1), Buffer.alloc(5, 'ab'), Buffer.alloc(3, 'q80=', 'base64'), Buffer.alloc(2, Buffer.from([7])), Buffer.allocUnsafe(4).length, Buffer.allocUnsafeSlow(2).length, thrown(() => Buffer.alloc(-1)), thrown(() => Buffer.alloc('3')), thrown(() => Buffer.alloc(NaN)), Buffer.alloc(0).length);

/// fill_with_nothing
show(thrown(() => Buffer.alloc(2, Buffer.alloc(0))), thrown(() => Buffer.alloc(2).fill(Buffer.alloc(0))));

/// constructor_and_class
const b = Buffer.from('x');
show(b instanceof Uint8Array, b instanceof Buffer, b.constructor.name, Buffer.name, Object.getPrototypeOf(Buffer) === Uint8Array, Buffer.isBuffer(b), Buffer.isBuffer(new Uint8Array(1)), Object.prototype.toString.call(b), Buffer.poolSize, b.parent instanceof ArrayBuffer, typeof b.offset);

/// concat
show(Buffer.concat([Buffer.from('ab'), new Uint8Array([99])]), Buffer.concat([Buffer.from('abc')], 2), Buffer.concat([Buffer.from('a')], 3), Buffer.concat([]), Buffer.concat([Buffer.from('ab'), Buffer.from('cd')], 3), thrown(() => Buffer.concat('x')), thrown(() => Buffer.concat([1])));

/// compare_and_equals
const a = Buffer.from('abc'), b = Buffer.from('abd');
show(Buffer.compare(a, b), a.compare(b), b.compare(a), a.compare(Buffer.from('ab')), a.equals(Buffer.from('abc')), a.equals(b), a.equals(new Uint8Array([97, 98, 99])), a.compare(b, 0, 2, 0, 2), [b, a].sort(Buffer.compare).map(String), thrown(() => a.equals('abc')), thrown(() => a.compare(5)));

/// index_of_family
const b = Buffer.from('this is a buffer');
show(b.indexOf('is'), b.indexOf('is', 4), b.indexOf(Buffer.from('buf')), b.indexOf(97), b.indexOf('z'), b.lastIndexOf('is'), b.lastIndexOf('is', 4), b.includes('buf'), b.includes('buf', 12), b.indexOf(''), b.indexOf('', 99), b.indexOf('6973', 0, 'hex'), b.indexOf(355), b.indexOf('is', -5), thrown(() => b.indexOf({})), b.indexOf(new Uint8Array([98])), b.lastIndexOf(''), b.indexOf('r', NaN));

/// slice_and_subarray_share
const b = Buffer.from('hello');
const s = b.slice(1, 3), t = b.subarray(-2);
s[0] = 0x45;
show(b.toString(), s.toString(), t.toString(), s instanceof Buffer, b.slice(3, 1).length, b.slice('1').toString(), b.subarray(1, -1).toString(), Uint8Array.prototype.slice.call(b, 1).toString());

/// write
const b = Buffer.alloc(8);
show(b.write('abc'), b.write('é', 3), b.write('zzzz', 6), b.write('ff', 0, 'hex'), b.write('xyz', 1, 2), b.write('q', 7, 1, 'latin1'), b, b.write('\u{1F600}', 6), b, thrown(() => b.write('a', 9)), thrown(() => b.write(5)), b.write(''));

/// fill
show(Buffer.alloc(5).fill('ab'), Buffer.alloc(3).fill(257), Buffer.alloc(4).fill('x', 1, 3), Buffer.alloc(3).fill('00ff', 'hex'), Buffer.alloc(2).fill(''), Buffer.alloc(3).fill(Buffer.from([1, 2])), Buffer.alloc(3).fill('é'), thrown(() => Buffer.alloc(2).fill('x', 3)), Buffer.alloc(2).fill(1.9), thrown(() => Buffer.alloc(2).fill('zz', 'hex')));

/// copy
const a = Buffer.from('abcdef'), b = Buffer.alloc(4, '.');
show(a.copy(b), b.toString(), a.copy(b, 1, 4), b.toString(), a.copy(b, 4), a.copy(b, 0, 6), a.copy(a, 2, 0, 4), a.toString(), thrown(() => a.copy(b, -1)), thrown(() => a.copy('x')), a.copy(new Uint8Array(2)));

/// integers
const b = Buffer.alloc(32);
show(b.writeUInt8(255), b.writeInt8(-1, 1), b.writeUInt16LE(0x1234, 2), b.writeUInt16BE(0x1234, 4), b.writeInt16BE(-2, 6), b.writeUInt32LE(0xdeadbeef, 8), b.writeInt32BE(-3, 12), b.writeBigUInt64BE(2n ** 64n - 2n, 16), b.writeBigInt64LE(-5n, 24), b);
show(b.readUInt8(), b.readInt8(1), b.readUInt16LE(2), b.readUInt16BE(2), b.readInt16BE(6), b.readUInt32LE(8), b.readUInt32BE(8), b.readInt32BE(12), b.readInt32LE(12), b.readBigUInt64BE(16), b.readBigInt64LE(24), b.readUint8(0), b.readUint32LE(8), b.readBigUint64LE(16));

/// integer_failures
const b = Buffer.alloc(4);
show(thrown(() => b.writeUInt8(256)), thrown(() => b.writeInt8(-129)), thrown(() => b.writeUInt16LE(-1)), thrown(() => b.writeUInt32BE(2 ** 32)), thrown(() => b.readUInt8(4)), thrown(() => b.readUInt16LE(3)), thrown(() => b.readInt32BE(-1)), thrown(() => b.readUInt8(1.5)), thrown(() => b.readUInt8('0')), thrown(() => b.readBigInt64LE(0)), b.writeUInt8('5'), b.writeUInt8(1.9), b.writeUInt8(), b, thrown(() => b.readUInt8(null)));

/// floats
const b = Buffer.alloc(12);
b.writeFloatLE(1.5); b.writeDoubleBE(-Math.PI, 4);
show(b, b.readFloatLE(), b.readFloatBE(), b.readDoubleBE(4), b.readDoubleLE(4), b.writeFloatBE(NaN, 0), b.readFloatBE(0), thrown(() => b.readDoubleLE(5)));

/// variable_length_integers
const b = Buffer.alloc(8);
show(b.writeUIntBE(0x123456, 0, 3), b.writeIntLE(-2, 3, 5), b, b.readUIntBE(0, 3), b.readUIntLE(0, 6), b.readIntLE(3, 5), b.readIntBE(0, 1), thrown(() => b.readUIntBE(0, 7)), thrown(() => b.readUIntBE(0, 0)), thrown(() => b.writeUIntBE(2 ** 24, 0, 3)), thrown(() => b.readUIntBE(6, 3)), thrown(() => b.readUIntBE(0)));

/// swap
show(Buffer.from('0102030405060708', 'hex').swap16(), Buffer.from('0102030405060708', 'hex').swap32(), Buffer.from('0102030405060708', 'hex').swap64(), thrown(() => Buffer.alloc(3).swap16()), thrown(() => Buffer.alloc(6).swap32()));

/// json
const b = Buffer.from([1, 2]);
show(JSON.stringify(b), b.toJSON(), Buffer.from(JSON.parse(JSON.stringify(b))), JSON.stringify({ b }));

/// byte_length_and_encodings
show(['', 'a', 'é', '€', '\u{1F600}', '\ud800'].map((s) => Buffer.byteLength(s)), Buffer.byteLength('abcd', 'hex'), Buffer.byteLength('YWJj', 'base64'), Buffer.byteLength('YQ==', 'base64'), Buffer.byteLength('ab', 'utf16le'), Buffer.byteLength('é', 'latin1'), Buffer.byteLength(new ArrayBuffer(3)), Buffer.byteLength(new Uint16Array(2)), thrown(() => Buffer.byteLength(5)), ['utf8', 'UTF-8', 'hex', 'base64', 'base64url', 'latin1', 'binary', 'ascii', 'ucs2', 'nope', '', 5, null].map((e) => Buffer.isEncoding(e)));

/// iteration_and_array_methods
const b = Buffer.from('abc');
show([...b], [...b.entries()], [...b.keys()], b.map((x) => x + 1) instanceof Buffer, b.filter((x) => x > 97).toString(), b.reduce((a, x) => a + x), b.join('-'), b.at(-1), b.reverse().toString(), b.sort().toString(), b.find((x) => x === 98), b.length, b.byteLength);

/// text_round_trips
const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
for (const e of ['hex', 'base64', 'base64url', 'latin1', 'binary']) show(e, Buffer.from(all.toString(e), e).equals(all));
show(Buffer.from('aé€\u{1F600}', 'utf16le').toString('utf16le'), all.toString('base64url').slice(-8), all.toString('ascii').length);

/// malformed_utf8
for (const h of ['ff', 'c3', 'e282', 'f09f98', 'eda080', 'c080', '61ff62', 'efbbbf61']) show(h, Buffer.from(h, 'hex').toString());

/// base64_leniency
for (const s of ['YQ', 'YQ=', 'YQ==', 'Y Q = =', 'YQ==junk', 'Y', '', '====', 'Y-_Y', '!YQ==', 'YWJj\nZGVm', 'YWI=YWI=', 'éYQ==']) show(s, Buffer.from(s, 'base64'), Buffer.from(s, 'base64url'));

/// hex_leniency
for (const s of ['0', '00', '000', '0g', 'g0', '00zz11', '0x00', 'ABab', ' 00', '00 11']) show(s, Buffer.from(s, 'hex'));

/// utf8_write_does_not_cut_characters
const b = Buffer.alloc(5, 0);
show(b.write('€€'), b, b.fill(0).write('a\u{1F600}b', 0, 4), b, b.fill(0).write('ab', 0, 3, 'utf16le'), b);

/// ethereum_like_use
const strip = (h) => h.replace(/^0x/, '');
const data = Buffer.concat([Buffer.from(strip('0xa9059cbb'), 'hex'), Buffer.from(strip('0x00000000219ab540356cbb839cbe05303d7705fa').padStart(64, '0'), 'hex'), Buffer.from((10n ** 18n).toString(16).padStart(64, '0'), 'hex')]);
show(`0x${data.toString('hex')}`, data.length, data.readUInt32BE(0).toString(16), BigInt(`0x${data.subarray(36).toString('hex')}`));

/// basic_auth_and_data_urls
show(`Basic ${Buffer.from('user:pässword').toString('base64')}`, Buffer.from('data:text/plain;base64,aGVsbG8='.split(',')[1], 'base64').toString(), Buffer.from('a+b/c=='.replace(/\+/g, '-').replace(/\//g, '_'), 'base64').toString('hex'));

/// from_text_helpers
show(Buffer.of(1, 2, 300), Buffer.copyBytesFrom(new Uint16Array([1, 2]), 1), Buffer.from('abc').toString('utf8', 1), Buffer.from('a').toLocaleString(), Buffer.from('abc').latin1Slice(0, 2), Buffer.from('abc').hexSlice(1), Buffer.from('abc').utf8Slice());

/// require_of_buffer
show(typeof require);
