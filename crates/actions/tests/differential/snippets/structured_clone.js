/// primitives_and_boxes
show([undefined, null, true, 1, -0, NaN, 1n, 'x\ud800'].map((v) => structuredClone(v)), structuredClone(Object(1)), structuredClone(Object('s')), structuredClone(Object(false)), structuredClone(Object(5n)));

/// plain_structures
const o = { a: [1, , { b: null }], u: undefined, [Symbol('s')]: 1, get g() { return 'got'; } };
Object.defineProperty(o, 'hidden', { value: 1 });
const c = structuredClone(o);
show(c, c !== o, c.a !== o.a, describe(c).g, Object.hasOwn(c, 'hidden'), Object.keys(c));

/// cycles_and_shared_references
const o = { list: [] };
o.self = o; o.list.push(o, o.list);
const c = structuredClone(o);
show(c.self === c, c.list[0] === c, c.list[1] === c.list, structuredClone([o, o])[0] === structuredClone([o, o])[1], ((p) => p[0] === p[1])(structuredClone([o, o])));

/// built_ins
const r = /x/gi;
r.lastIndex = 3;
show(structuredClone(new Date(5)), structuredClone(new Date(NaN)), structuredClone(r), structuredClone(new Map([[{ k: 1 }, new Set([1])]])), structuredClone(new Set([[1]])), structuredClone(new Uint8Array([1, 2, 3]).subarray(1)), structuredClone(new DataView(new ArrayBuffer(3), 1)), structuredClone(new ArrayBuffer(2)));

/// errors
class Mine extends RangeError { constructor(m) { super(m); this.extra = 1; this.name = 'Mine'; } }
const e = structuredClone(new TypeError('m', { cause: new RangeError('c') }));
const m = structuredClone(new Mine('x'));
show(e, e.message, e instanceof TypeError, m.name, m.message, Object.getPrototypeOf(m) === Error.prototype, 'extra' in m, structuredClone(Object.assign(new Error('y'), { name: 'RangeError' })) instanceof RangeError);

/// class_instances_lose_their_class
class A { x = 1; #p = 2; get y() { return 2; } }
const c = structuredClone(new A());
show(c, c instanceof A, Object.getPrototypeOf(c) === Object.prototype, structuredClone(Object.create(null)) instanceof Object, structuredClone(Object.assign(Object.create({ inherited: 1 }), { own: 2 })), structuredClone(class Stack extends Array {}.from([1, 2])));

/// what_cannot_be_cloned
for (const v of [() => {}, Symbol('s'), { f() {} }, [Symbol.iterator], new WeakMap(), new WeakSet(), Promise.resolve(), new Proxy({}, {}), new WeakRef({}), (function* () {})()]) show(thrown(() => structuredClone(v)));

/// clone_error
const e = thrown(() => structuredClone(() => {}));
show(e.name, e.code, e instanceof DOMException, e instanceof Error);

/// transfer
const b = new Uint8Array([1, 2, 3]).buffer;
const c = structuredClone({ b, v: new Uint8Array(b, 1) }, { transfer: [b] });
show(b.byteLength, c, c.v.buffer === c.b, thrown(() => structuredClone(b, { transfer: [b] })), thrown(() => structuredClone(1, { transfer: [{}] })), thrown(() => new Uint8Array(b)), thrown(() => structuredClone(1, { transfer: 5 })));

/// duplicate_transfer
const b = new ArrayBuffer(1);
show(thrown(() => structuredClone(b, { transfer: [b, b] })).name, b.byteLength);

/// views_share_their_buffer
const b = new ArrayBuffer(8);
const c = structuredClone([new Uint8Array(b, 0, 4), new Uint16Array(b, 4)]);
c[0][0] = 1;
show(c[0].buffer === c[1].buffer, c[1].byteOffset, new Uint8Array(c[1].buffer)[0], new Uint8Array(b)[0]);

/// getters_run_once_in_order
const log = [];
structuredClone({ get a() { log.push('a'); return 1; }, get b() { log.push('b'); return 2; } });
show(log, thrown(() => structuredClone({ get x() { throw new RangeError('r'); } })));

/// arguments
show(thrown(() => structuredClone()), structuredClone(1, undefined), structuredClone(1, null), structuredClone(1, {}), thrown(() => structuredClone(1, 5)), structuredClone.length, structuredClone.name);

/// sparse_arrays_and_extra_keys
const a = [1, , 3];
a.extra = 'x';
a.length = 5;
const c = structuredClone(a);
show(c, c.length, 1 in c);

/// resizable_buffers
const c = structuredClone(new ArrayBuffer(2, { maxByteLength: 4 }));
show(c.resizable, c.maxByteLength, c.byteLength);

/// deep
let o = null;
for (let i = 0; i < 300; i++) o = { o, i };
let c = structuredClone(o), depth = 0;
for (; c; c = c.o) depth++;
show(depth);

/// map_with_cycle_and_mutation
const m = new Map();
m.set('self', m).set(m, 'key');
const c = structuredClone(m);
show(c.get('self') === c, c.get(c), c.size);

/// string_objects_with_properties
show(structuredClone(Object.assign(Object('ab'), { x: 1 })), structuredClone(JSON), structuredClone({ Math }).Math instanceof Object);

/// arguments_objects
show(thrown(() => structuredClone((function () { return arguments; })(1, 2))));
