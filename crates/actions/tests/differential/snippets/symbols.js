/// registry_and_description
const a = Symbol('x'), b = Symbol.for('x'), c = Symbol.for('x');
show(a === b, b === c, Symbol.keyFor(b), Symbol.keyFor(a), a.description, Symbol().description, Symbol('').description, String(a), thrown(() => new Symbol()), thrown(() => Symbol.keyFor('x')), thrown(() => a + ''), thrown(() => +a), !a, Object(a) == a);

/// well_known
show(Object.getOwnPropertyNames(Symbol).filter((n) => typeof Symbol[n] === 'symbol').filter((n) => !['dispose', 'asyncDispose'].includes(n)).sort(), Symbol.keyFor(Symbol.iterator), describe(Symbol).iterator);

/// as_keys
const s = Symbol('k');
const o = { [s]: 1, a: 2, [Symbol.iterator]: null };
show(Object.keys(o), Object.getOwnPropertySymbols(o), JSON.stringify(o), { ...o }, s in o, Object.entries(o), Object.assign({}, o)[s], o);

/// is_concat_spreadable
const like = { length: 2, 0: 'a', 1: 'b', [Symbol.isConcatSpreadable]: true };
const array = Object.assign([1, 2], { [Symbol.isConcatSpreadable]: false });
show([0].concat(like), [0].concat(array).length, [].concat(new Set([1])).length, [].concat('ab', [[1]]));

/// to_string_tag_and_has_instance
class T { static [Symbol.hasInstance]() { return true; } get [Symbol.toStringTag]() { return 'TT'; } }
show(1 instanceof T, `${new T()}`, Function.prototype[Symbol.hasInstance].call(Array, []), describe(Function.prototype)['Symbol(Symbol.hasInstance)'][0]);

/// unscopables
show(Object.keys(Array.prototype[Symbol.unscopables]).filter((k) => !['flat', 'flatMap'].includes(k)).sort(), Object.getPrototypeOf(Array.prototype[Symbol.unscopables]));

/// species
class A extends Array {}
show(new A(1, 2).map((x) => x).constructor.name, Array[Symbol.species] === Array, [Map, Set, Promise, ArrayBuffer, RegExp].every((C) => C[Symbol.species] === C));

/// async_iterator_of_own_objects
const o = { async *[Symbol.asyncIterator]() { yield* [1, 2]; } };
const out = [];
for await (const x of o) out.push(x);
show(out, await rejected(async () => { for await (const x of {}); }));

/// symbols_in_weak_collections
const key = Symbol('weak');
const m = new WeakMap([[key, 1]]);
show(m.get(key), m.has(Symbol('weak')), thrown(() => m.set(Symbol.for('r'), 1)), new WeakSet([key]).has(key));

/// symbol_to_primitive_of_symbols
show(Object(Symbol.iterator)[Symbol.toPrimitive]('x') === Symbol.iterator, thrown(() => Symbol.prototype[Symbol.toPrimitive].call(1)), Symbol.prototype[Symbol.toStringTag], Object(Symbol('a')).toString(), thrown(() => Symbol.prototype.toString.call('x')));

/// date_to_primitive
const d = new Date(5);
show(d[Symbol.toPrimitive]('number'), typeof d[Symbol.toPrimitive]('default'), thrown(() => d[Symbol.toPrimitive]('other')), typeof (d + 1), d - 1);
