/// private_fields_and_methods
class Account {
  #cents = 0;
  static #made = 0;
  #check(amount) { if (amount < 0) throw new RangeError('negative'); return amount; }
  constructor() { Account.#made++; }
  deposit(amount) { this.#cents += this.#check(amount); return this; }
  get balance() { return this.#cents; }
  static get made() { return Account.#made; }
  static is(value) { return #cents in value; }
}
const a = new Account().deposit(5).deposit(7);
show(a.balance, Account.made, Account.is(a), Account.is({}));
show(thrown(() => a.deposit(-1)), thrown(() => Account.is(1)));

/// private_access_on_other_object
class A { #x = 1; read(o) { return o.#x; } write(o) { o.#x = 2; } call(o) { return o.#m(); } #m() { return 3; } }
const a = new A();
show(a.read(a), a.call(a), thrown(() => a.read({})), thrown(() => a.write({})), thrown(() => a.call({})));

/// private_methods_are_not_writable
class A { #m() {} try() { this.#m = 1; } get #g() { return 1; } tryGetter() { this.#g = 1; } set #s(v) {} trySetter() { return this.#s; } }
const a = new A();
show(thrown(() => a.try()), thrown(() => a.tryGetter()), thrown(() => a.trySetter()));

/// private_static_inheritance
class A { static #x = 1; static get() { return this.#x; } }
class B extends A {}
show(A.get(), thrown(() => B.get()));

/// fields_are_defined_not_set
class A { set x(value) { show('setter', value); } }
class B extends A { x = 1; }
show(describe(new B()));

/// fields_run_in_order_with_this
const order = [];
class A { a = order.push('a'); constructor() { order.push('A'); } }
class B extends A { b = (order.push('b'), this.a); constructor() { order.push('before'); super(); order.push('after'); } }
show(new B(), order);

/// computed_names_run_once_in_order
const order = [];
const key = (name) => (order.push(`key ${name}`), name);
class A { [key('x')] = order.push('value x'); static [key('y')] = order.push('value y'); [key('z')]() {} }
new A(); new A();
show(order);

/// static_blocks
class A { static x = 1; static { this.y = this.x + 1; A.z = this.y * 2; } static w = this.z; }
show(A.y, A.z, A.w);

/// static_name_and_length
class A { static name = 'other'; static length = 9; }
class B { static name() {} }
class C { constructor(a, b, c = 1) {} }
show(A.name, A.length, typeof B.name, C.length, (class {}).name, ({ x: class {} }).x.name);

/// accessors_and_statics_in_descriptors
class A { get x() { return 1; } set x(v) {} static s() {} m() {} *g() {} async a() {} }
show(describe(A.prototype));
show(Object.getOwnPropertyNames(A));

/// getter_and_setter_names
const o = { get x() { return 1; }, set x(v) {}, [Symbol('tag')]() {}, [Symbol()]: () => {} };
const x = Object.getOwnPropertyDescriptor(o, 'x');
show(x.get.name, x.set.name, Object.getOwnPropertySymbols(o).map((s) => o[s].name));

/// class_needs_new
class A {}
show(thrown(() => A()), thrown(() => A.call({})), thrown(() => Reflect.construct(A, [], 1)), thrown(() => new (() => {})()), thrown(() => new ({ m() {} }).m()));

/// derived_constructor_rules
class A {}
class NoSuper extends A { constructor() {} }
class Twice extends A { constructor() { super(); super(); } }
class Early extends A { constructor() { this.x = 1; super(); } }
class ReturnsObject extends A { constructor() { return { own: true }; } }
class ReturnsNumber extends A { constructor() { super(); return 1; } }
for (const C of [NoSuper, Twice, Early, ReturnsObject, ReturnsNumber]) show(C.name, thrown(() => new C()));

/// extends_null_and_non_constructors
class N extends null { static make() { return Object.create(N.prototype); } }
show(Object.getPrototypeOf(N.prototype), N.make() instanceof N, thrown(() => new N()));
show(thrown(() => class extends 1 {}), thrown(() => class extends (() => {}) {}), thrown(() => class extends undefined {}));

/// extends_expression_is_evaluated_first
const order = [];
class A extends (order.push('heritage'), Object) { [(order.push('key'), 'm')]() {} }
show(order, new A().m.name);

/// super_in_methods_and_objects
const base = { hi() { return `base ${this.name}`; }, get v() { return this.name; } };
const o = { __proto__: base, name: 'o', hi() { return super.hi() + '!'; }, get v() { return super.v + '?'; } };
show(o.hi(), o.v);
class A { static s() { return 'A.s'; } m() { return 'A.m'; } }
class B extends A { static s() { return super.s() + 'B'; } m() { return super.m() + 'B'; } arrow() { return (() => super.m())(); } }
show(B.s(), new B().m(), new B().arrow());

/// super_assignment_goes_to_this
class A { set x(v) { this.got = v; } }
class B extends A { constructor() { super(); super.x = 1; super.y = 2; } }
show(new B());

/// new_target
function F() { return new.target === F; }
class A { constructor() { this.t = new.target.name; } }
class B extends A {}
show(new F() instanceof F, F(), new A(), new B(), Reflect.construct(A, [], Map));

/// subclass_of_array
class Stack extends Array { top() { return this[this.length - 1]; } }
const s = Stack.from([1, 2, 3]);
show(s.top(), s.length, s.map((x) => x * 2) instanceof Stack, s.slice(1), s.concat([4]).constructor.name, new Stack(3).length);

/// subclass_species
class A extends Array { static get [Symbol.species]() { return Array; } }
const mapped = new A(1, 2, 3).map((x) => x);
show(mapped instanceof A, mapped.constructor.name);
class P extends Promise { static get [Symbol.species]() { return Promise; } }
show(P.resolve(1).then(() => {}) instanceof P, P.resolve(1) instanceof P);

/// subclass_of_error
class MyError extends Error { constructor(message, code) { super(message, { cause: 'why' }); this.name = 'MyError'; this.code = code; } }
const e = new MyError('text', 7);
show(e, e.message, String(e), e instanceof Error, Object.prototype.toString.call(e), e.toString === Error.prototype.toString);

/// subclass_of_map_calls_overridden_set
class Lower extends Map { set(key, value) { return super.set(key.toLowerCase(), value); } }
show(new Lower([['A', 1], ['B', 2]]));

/// subclass_of_function_and_promise
class Deferred extends Promise {
  constructor(run) { let r; super((resolve, reject) => { r = resolve; run?.(resolve, reject); }); this.resolve = r; }
}
const d = new Deferred(() => {});
d.resolve(5);
show(await d, d instanceof Promise);

/// instance_of_with_has_instance
class Even { static [Symbol.hasInstance](n) { return n % 2 === 0; } }
show(2 instanceof Even, 3 instanceof Even, thrown(() => 1 instanceof {}), thrown(() => 1 instanceof (() => {})));
const bound = class X {}.bind();
show(new bound() instanceof bound);

/// class_binding_is_const_inside
class A { static change() { A = 1; } }
show(thrown(A.change), typeof A);
A = 2;
show(A);

/// class_declaration_has_a_dead_zone
show(thrown(() => new Later()));
class Later {}
show(thrown(() => { class B extends B {} }));

/// async_and_generator_methods
class A { async one() { return 1; } *many() { yield 1; yield 2; } async *slow() { yield 1; yield 2; } static async s() { return this.name; } }
const a = new A();
const slow = [];
for await (const x of a.slow()) slow.push(x);
show(await a.one(), [...a.many()], slow, await A.s());

/// to_string_of_class_is_its_text
class A { /* kept */ m () { return 1 } }
show(String(A), String(new A().m), String((a,b)=>a+b), String(async function* g ( ) {}));

/// private_names_in_nested_classes
class Outer { #x = 'outer'; Inner = class { #x = 'inner'; both(o) { return [this.#x, 'y' in o]; } }; peek() { return this.#x; } }
const o = new Outer();
show(new o.Inner().both(o), o.peek());

/// private_in_optional_chain
class A { #x = { y: 1 }; static get(o) { return o?.#x?.y; } }
show(A.get(new A()), A.get(null), thrown(() => A.get({})));

/// private_destructuring_and_update
class A { #x = 1; #y = 2; run() { [this.#x, this.#y] = [this.#y, this.#x]; this.#x **= 3; this.#y ??= 9; return [this.#x++, ++this.#y, this.#x]; } }
show(new A().run());

/// return_override_gives_private_fields_to_others
class Base { constructor(o) { return o; } }
class Stamp extends Base { #mark = 1; static has(o) { return #mark in o; } }
const o = {};
new Stamp(o);
show(Stamp.has(o), thrown(() => new Stamp(o)));

/// accessor_keys_symbols_and_numbers
class A { 1() { return 'one'; } 'two words'() {} [Symbol.toPrimitive](hint) { return hint; } 0x10() {} 1e3() {} }
show(Object.getOwnPropertyNames(A.prototype), `${new A()}`, +new A(), new A() + '');

/// methods_have_no_prototype
class A { m() {} static s() {} get g() { return 1; } *gen() {} }
show('prototype' in A.prototype.m, 'prototype' in A.s, 'prototype' in A.prototype.gen, thrown(() => new (new A().m)()));

/// object_prototype_property_forms
const proto = { p: 1 };
const a = { __proto__: proto }, b = { ['__proto__']: proto }, c = { '__proto__': null }, d = { __proto__() {} };
const __proto__ = proto;
const e = { __proto__ };
show(Object.getPrototypeOf(a) === proto, Object.keys(b), Object.getPrototypeOf(c), Object.keys(d), Object.keys(e));

/// to_string_tags
class A { get [Symbol.toStringTag]() { return 'Special'; } }
show(String(new A()), Object.prototype.toString.call(null), Object.prototype.toString.call([]), Object.prototype.toString.call(function () {}), String(new (class B {})()));
show([1n, Symbol(), new Map(), Promise.resolve(), (function* () {})(), JSON, Math, new Date(0), /x/, (() => arguments)].map((v) => Object.prototype.toString.call(v)));
