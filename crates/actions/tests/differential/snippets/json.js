/// stringify_values
show([undefined, () => {}, Symbol(), null, true, 0, -0, NaN, Infinity, '', 'a"\\\n', [], {}, [undefined, () => {}], { a: undefined, b: () => {}, c: Symbol() }, new Date(0), new Date(NaN), /x/, new Map([[1, 2]]), Object(1), Object('s'), Object(false), new Error('e')].map((v) => JSON.stringify(v)));

/// stringify_escapes
show(JSON.stringify('\b\t\n\v\f\r\u0000\u001f\u007f\u2028\u2029"\\/é\u{1F600}'), JSON.stringify('\ud800a\udc00'), JSON.stringify({ '\ud83d': '\ude00' }), JSON.stringify({ '"k\n': 1 }));

/// indentation
const v = { a: [1, { b: 2 }], c: {}, d: [] };
show(JSON.stringify(v, null, 2), JSON.stringify(v, null, '--'), JSON.stringify(v, null, 20) === JSON.stringify(v, null, 10), JSON.stringify(v, null, 'abcdefghijklm').split('\n')[1], JSON.stringify(v, null, 0), JSON.stringify(v, null, -1), JSON.stringify(v, null, true), JSON.stringify([[]], null, Object(1)), JSON.stringify([[1]], null, 1.9));

/// replacer_functions
const log = [];
const out = JSON.stringify({ a: 1, b: [2] }, function (k, v) { log.push([k, Array.isArray(this) ? 'array' : typeof this]); return typeof v === 'number' ? v * 2 : v; });
show(out, log, JSON.stringify({ a: 1, b: 2 }, (k, v) => (k === 'a' ? undefined : v)), JSON.stringify([1, 2], (k, v) => (k === '0' ? undefined : v)), JSON.stringify(1, () => ({})), JSON.stringify({}, () => undefined));

/// replacer_lists
show(JSON.stringify({ b: 1, a: { b: 2, c: 3 }, c: 4 }, ['a', 'b']), JSON.stringify({ 1: 'x', 2: 'y' }, [1, Object('2')]), JSON.stringify({ a: 1 }, []), JSON.stringify([{ a: 1, b: 2 }], ['b', 'b', null, {}]), JSON.stringify({ a: 1 }, { length: 1, 0: 'a' }));

/// to_json
show(JSON.stringify({ toJSON: (k) => `key:${k}` }), JSON.stringify({ a: { toJSON(k) { return [k, this.x]; }, x: 1 } }), JSON.stringify([{ toJSON: () => undefined }]), JSON.stringify({ d: new Date(5) }), JSON.stringify({ toJSON: 5 }), thrown(() => JSON.stringify({ toJSON() { throw new RangeError('r'); } })));

/// cycles_and_depth
const a = {};
a.self = a;
const shared = { x: 1 };
show(thrown(() => JSON.stringify(a)), JSON.stringify({ p: shared, q: shared }), thrown(() => JSON.stringify([a])));

/// parse_values
for (const s of ['1', ' \t\n\r1 ', '-0', '1e5', '1E+2', '0.10', 'null', 'true', '"\\u00e9\\n\\/"', '[]', '{}', '[1,[2]]', '{"a":{"b":[]}}', '{"a":1,"a":2}', '"\u2028"', '{"__proto__":1}', '{"2":1,"b":1,"1":1}', '1e1000', '123456789012345678901234567890', '"\\ud83d\\ude00"', '"\\ud83d"']) show(s, JSON.parse(s));

/// parse_errors
for (const s of ['', ' ', '{', '[1,]', '{"a":1,}', "{'a':1}", '{a:1}', '01', '1.', '.5', '+1', '-', '1e', 'NaN', 'Infinity', 'undefined', 'nul', '"\n"', '"\t"', '"\\x41"', '"\\u12"', '"open', '[1 2]', '1 2', '{"a" 1}', '/*c*/1', '\ufeff1', '\u00a01', 'tru', '[,]', '{"a":}', '0x10', '"\\v"', '--1', ']']) show(s, thrown(() => JSON.parse(s)));

/// parse_reviver
const log = [];
const out = JSON.parse('{"a":[1,2],"b":{"c":3},"d":4}', function (k, v) { log.push(k); return typeof v === 'number' ? v + 1 : k === 'b' ? undefined : v; });
show(out, log, JSON.parse('[1,2,3]', (k, v) => (k === '1' ? undefined : v)), JSON.parse('1', (k, v) => [k, v]), JSON.parse('"x"', 5));

/// parse_conversions
show(JSON.parse(1), JSON.parse(null), JSON.parse(['1']), JSON.parse({ toString: () => '[2]' }), thrown(() => JSON.parse(undefined)), thrown(() => JSON.parse({})), thrown(() => JSON.parse(Symbol())), JSON.parse('"1"') === '1', JSON.parse(false));

/// parsed_proto_is_an_own_key
const o = JSON.parse('{"__proto__":{"x":1},"constructor":2}');
show(Object.keys(o), o.x, Object.getPrototypeOf(o) === Object.prototype, o.constructor);

/// round_trips
for (const v of [0.1, 1e21, 5e-324, -1.5e-7, 2 ** 53, [null, [true]], { a: 'é\u{1F600}\ud800' }]) show(JSON.stringify(JSON.parse(JSON.stringify(v))) === JSON.stringify(v));

/// json_object
show(Object.prototype.toString.call(JSON), JSON.stringify.length, JSON.parse.length, thrown(() => new JSON.parse('1')), thrown(() => JSON()));

/// property_order_and_getters
let n = 0;
show(JSON.stringify({ get b() { return ++n; }, 2: 'x', a: 1, 1: 'y', [Symbol('s')]: 1 }), n, JSON.stringify(Object.create({ inherited: 1 }, { own: { value: 1, enumerable: true }, hidden: { value: 2 } })), JSON.stringify(Object.assign([1], { extra: 1 })));

/// arrays_with_holes_and_typed_arrays
show(JSON.stringify([1, , 3]), JSON.stringify(new Uint8Array([1, 2])), JSON.stringify(new ArrayBuffer(2)), JSON.stringify({ length: 2 }), JSON.stringify('ab'.match(/(a)/)), JSON.stringify((function () { return arguments; })(1, 2)));

/// deep_nesting
let s = '[]';
for (let i = 0; i < 500; i++) s = `[${s}]`;
show(JSON.stringify(JSON.parse(s)) === s);

/// canonical_form
const canonical = (v) => (Array.isArray(v) ? `[${v.map(canonical)}]` : v && typeof v === 'object' ? `{${Object.keys(v).sort().map((k) => `${JSON.stringify(k)}:${canonical(v[k])}`)}}` : JSON.stringify(v));
show(canonical({ b: [1, { z: 1, a: null }], a: 'x' }));

/// numbers_of_many_forms
show(JSON.stringify([1.0, 100, 1e21, 1e-7, 0.000001, -1e-7, 123456789.125, 1 / 3, 2 ** 64, -0]), JSON.parse('[1.0,1e2,1E-2,-0.0,1.7976931348623157e308]'));

/// date_reviver
const o = JSON.parse('{"at":"2024-01-02T03:04:05.678Z"}', (k, v) => (/^\d{4}-.*Z$/.test(v) ? new Date(v) : v));
show(o.at instanceof Date, o.at.getTime());
