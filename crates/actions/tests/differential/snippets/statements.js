/// labelled_continue_and_break
const out = [];
outer: for (let i = 0; i < 3; i++) { for (let j = 0; j < 3; j++) { if (j === 1) continue outer; if (i === 2) break outer; out.push([i, j]); } }
block: { out.push('in'); if (out.length) break block; out.push('never'); }
show(out);

/// label_on_block_if_and_switch
let log = '';
a: if (true) { log += 'a'; break a; }
b: switch (1) { case 1: log += 'b'; break b; default: log += 'x'; }
c: try { log += 'c'; break c; } finally { log += 'f'; }
show(log);

/// nested_labels_with_same_loop
let n = 0;
first: second: for (;;) { if (++n > 2) break first; continue second; }
show(n);

/// continue_of_an_outer_stacked_label
let n = 0;
first: second: for (;;) { if (++n > 2) break; continue first; }
show(n);

/// finally_wins
const f = () => { try { return 'try'; } finally { return 'finally'; } };
const g = () => { for (const i of [1, 2]) { try { return i; } finally { continue; } } return 'end'; };
const h = () => { try { throw new Error('lost'); } finally { return 'kept'; } };
const i = () => { let x = 1; try { return x; } finally { x = 2; } };
show(f(), g(), h(), i());

/// break_in_finally_drops_the_error
const f = () => { l: try { throw new Error('lost'); } finally { break l; } return 'after'; };
show(f());

/// switch_falls_through_and_default_in_the_middle
const f = (x) => { const out = []; switch (x) { case 1: out.push(1); default: out.push('d'); case 2: out.push(2); break; case 3: out.push(3); } return out; };
show(f(1), f(2), f(3), f(4), f('1'));

/// switch_cases_are_evaluated_in_order
const log = [];
const c = (v) => (log.push(v), v);
switch (2) { case c(1): case c(2): case c(3): default: }
switch (NaN) { case NaN: log.push('never'); break; default: log.push('NaN'); }
show(log);

/// switch_has_one_scope
show(thrown(() => { switch (1) { case 0: let x = 1; break; case 1: return x; } }));

/// for_in_order_and_shadowing
const proto = { a: 1, b: 2, hidden: 3 };
const o = Object.create(proto, { hidden: { value: 1, enumerable: false } });
o.z = 1; o[10] = 1; o[2] = 1; o.b = 1; o['-1'] = 1; o['01'] = 1;
const keys = [];
for (const k in o) keys.push(k);
show(keys);

/// for_in_with_deletion_and_addition
const o = { a: 1, b: 2, c: 3 };
const keys = [];
for (const k in o) { keys.push(k); delete o.b; o.d = 4; }
show(keys);

/// for_in_over_strings_arrays_and_nothing
const keys = [];
for (const k in 'ab') keys.push(k);
for (const k in [5, , 6]) keys.push(k);
for (const k in null) keys.push('never');
for (const k in undefined) keys.push('never');
for (const k in 5) keys.push('never');
show(keys);

/// completion_of_comma_void_and_conditions
let n = 0;
show((n++, n++, n), void n, typeof undeclared, n ? 1 : 2, (0, 'x'));

/// hoisting_of_functions_in_blocks
show(typeof f);
{ function f() { return 1; } }
show(typeof f, f());
if (true) { function g() { return 'g'; } }
show(g());

/// function_in_block_strict
'use strict';
{ function f() { return 1; } }
show(typeof f);

/// var_is_hoisted_let_is_not
show(x, thrown(() => y));
var x = 1;
let y = 2;
show(typeof x, thrown(() => typeof z));
let z;

/// functions_before_vars
show(typeof f);
var f = 1;
function f() {}
show(typeof f);

/// named_function_expression_binding
const f = function inner() { inner = 1; return typeof inner; };
const g = function inner() { 'use strict'; inner = 1; };
show(f(), thrown(g), typeof inner);

/// with_statement
const o = { x: 1, [Symbol.unscopables]: { hidden: true }, hidden: 'o' };
var hidden = 'outer';
with (o) { x = 5; var y = x; var seen = hidden; }
show(o.x, y, seen);

/// do_while_with_continue
let n = 0, body = 0;
do { body++; if (n === 1) continue; } while (++n < 3);
show(n, body);

/// comma_in_for_heads
const out = [];
for (let i = 0, j = 9; i < j; i += 2, j -= 3) out.push([i, j]);
show(out);

/// for_let_shadowing_its_body
const out = [];
for (let i = 0; i < 2; i++) { let i = 'inner'; out.push(i); }
show(out);

/// automatic_semicolons
const f = () => {
  return
  1;
};
let a = 1
let b = a
++b
const c = a
  + b
show(f(), a, b, c)

/// asi_before_template_and_paren_does_not_happen
const f = (x) => (y) => [x, y]
const r = f
(1)
(2)
show(r)

/// html_like_comments
let x = 1;
x --> 0;
<!-- a comment in scripts
--> another
show(x);

/// strict_mode_errors
'use strict';
show(thrown(() => { undeclaredName = 1; }), thrown(() => { delete Object.prototype; }), thrown(() => { Object.freeze([1]).push(2); }));
show(thrown(() => { 'text'.x = 1; }), thrown(() => { (5).x = 1; }), thrown(() => { 'text'.length = 1; }), thrown(() => { Object.freeze({ a: 1 }).a = 2; }));
show(thrown(() => { ({ get a() { return 1; } }).a = 1; }), thrown(() => { delete [].length; }), thrown(() => { Object.preventExtensions({}).x = 1; }));

/// sloppy_mode_is_silent
show(thrown(() => { 'text'.x = 1; }), thrown(() => { Object.freeze({ a: 1 }).a = 2; }), thrown(() => delete Object.prototype), thrown(() => { ({ get a() { return 1; } }).a = 1; }));
show(thrown(() => { undeclaredInSloppy = 1; return undeclaredInSloppy; }), delete globalThis.undeclaredInSloppy);

/// this_in_sloppy_and_strict
function sloppy() { return this === globalThis; }
function strict() { 'use strict'; return this; }
function boxed() { return typeof this; }
function bare() { 'use strict'; return typeof this; }
show(sloppy(), sloppy.call(null), strict(), strict.call(null), boxed.call(1), bare.call(1), (() => this === globalThis)());

/// strict_caller_and_arguments_are_poisoned
'use strict';
function f() { return arguments; }
show(thrown(() => f.caller), thrown(() => f.arguments), thrown(() => f().callee));

/// early_error_strict_octal
'use strict';
show(010);

/// early_error_strict_with
'use strict';
with ({}) {}

/// early_error_delete_name
'use strict';
var x; delete x;

/// early_error_duplicate_let
let a; let a;

/// early_error_const_without_value
const a;

/// early_error_await_as_name_in_async
const await = 1;

/// early_error_break_outside
break;

/// early_error_undefined_label
for (;;) { continue nowhere; }

/// early_error_assignment_to_call
f() ++;

/// early_error_assignment_to_literal
1 = 2;

/// early_error_private_name_unknown
class A { m() { return this.#missing; } }

/// early_error_duplicate_constructor
class A { constructor() {} constructor() {} }

/// early_error_super_outside
function f() { super.x; }

/// early_error_new_target_outside
const f = 1; ({ new.target });

/// early_error_bad_regex
/(?<n>a)(?<n>b)/;

/// early_error_unterminated_template
`never closed

/// early_error_optional_chain_assignment
let a = {}; a?.b = 1;

/// early_error_nullish_mixed_with_or
let a = 1 ?? 2 || 3;

/// early_error_unary_power
let a = -1 ** 2;

/// early_error_return_in_class_static
class A { static { return; } }

/// early_error_yield_in_generator_parameter
function* g(x = yield) {}

/// early_error_rest_not_last
function f(...a, b) {}

/// early_error_strict_reserved_words
'use strict';
let static = 1;

/// early_error_import_statement
import x from 'y';

/// early_error_html_comment_in_the_wrong_place
show(1) --> 2 3;

/// sloppy_reserved_words_are_names
var let_ = 1, yield = 2, static = 3, async = 4, of = 5, get = 6, package = 7;
show(yield + static + async + of + get + package);

/// legacy_octal_literals_and_escapes
show(010, 08, 0o10, 0b11, 0xFf, '\101', '\0', '\8');

/// numeric_separators
show(1_000_000, 0xff_ff, 1_0.0_1, 1e1_0, 10_000n, Number('1_000'));

/// early_error_numeric_separator_misplaced
show(1__0);

/// optional_chaining
const o = { a: { b() { return this.c; }, c: 7 }, n: null };
let effects = 0;
show(o?.a?.b(), o.x?.y.z.w, o.n?.[effects++], o.x?.(effects++), effects, o.a?.['c'], delete o?.a?.c, o.a.c, thrown(() => o.x.y), thrown(() => o.a?.zz()));

/// optional_call_keeps_this
const o = { v: 1, get() { return this?.v; } };
show(o.get?.(), (o.get)?.(), (o?.get)(), (0, o.get)?.call(o), null?.[1], undefined?.x.y.z());

/// nullish_and_logical_assignment
let a = null, b = 0, c = 'x', calls = 0;
const effect = () => ++calls;
a ??= 'set'; b ??= effect(); b ||= 5; c &&= 'y';
const o = { get p() { return 1; }, set p(v) { calls += 100; } };
o.p ??= effect(); o.p ||= effect(); o.p &&= 2;
show(a, b, c, calls, null ?? undefined ?? 0 ?? 1);

/// exponent_and_precedence
show(2 ** 3 ** 2, (-2) ** 2, 2 ** -1, (-8) ** (1 / 3), 0 ** 0, NaN ** 0, 1 ** Infinity, 7 % -3, -7 % 3, 5.5 % 2, -0 % 1);

/// equality_table
const values = [undefined, null, 0, -0, '', '0', false, NaN, [], [0], {}, 1n, '1', true];
show(values.map((a) => values.map((b) => (a == b ? 1 : 0)).join('')));

/// relational_table
const values = [undefined, null, 1, '10', '9', 1n, NaN, 'a', [2], new Date(5)];
show(values.map((a) => values.map((b) => (a < b ? '<' : a > b ? '>' : a <= b ? '=' : '.')).join('')));

/// plus_and_conversion
show(1 + '2', '3' - 1, [] + [], [] + {}, 1 + null, 1 + undefined, true + true, [1, 2] + [3], 1 + new Date(0) * 1, `${{}}`, +[], +[5], +'0x1f', +' \n12 ', +'1e3', +'', +'1 2', -'5');

/// symbol_to_primitive
const o = { [Symbol.toPrimitive](hint) { return hint === 'number' ? 42 : `<${hint}>`; } };
show(+o, `${o}`, o + '', o * 2, o == '<default>', [o] + '', Number(o), String(o), o < 50);
show(thrown(() => +{ [Symbol.toPrimitive]: () => ({}) }), thrown(() => +{ [Symbol.toPrimitive]: 1 }), thrown(() => `${{ toString: () => ({}), valueOf: () => ({}) }}`));

/// order_of_value_of_and_to_string
const o = { valueOf() { return 1; }, toString() { return 's'; } };
show(o + 1, `${o}`, o + '', o > 0, [o].join(), { [o]: 1 });

/// bitwise_operators
show(1 << 31, 1 << 32, -1 >>> 0, -1 >> 31, 5 & 3, 5 | 3, 5 ^ 3, ~5, ~~-5.7, 2 ** 32 | 0, 2 ** 31 | 0, NaN | 0, Infinity | 0, 1.9 | 0, '7' & '3', -5 >>> 1);

/// in_and_delete
const o = { a: 1, get b() { return 2; } };
show('a' in o, 'toString' in o, delete o.a, 'a' in o, delete o.none, 1 in [0, 1], thrown(() => 'x' in 'text'), delete [1, 2][0]);

/// typeof_all
show([undefined, null, 1, 1n, '', true, Symbol(), {}, [], () => {}, class {}, /x/, new Proxy(() => {}, {}), new Proxy({}, {})].map((v) => typeof v));

/// tagged_templates
const tag = (strings, ...values) => [strings, strings.raw, values, Object.isFrozen(strings)];
show(tag`a${1}\n\u0041${2}`);
const same = () => ((s) => s)`x`;
show(same() === same(), String.raw`\u{41}${1}\n`, tag``);
show(((s) => [s, s.raw])`\unicode and \xerxes`);

/// tag_as_member_and_new
const o = { v: 1, tag(s) { return [this.v, s[0]]; } };
show(o.tag`x`, o['tag']`y`, new (class { constructor(s) { this.s = s; } })().s, new (((s) => class { v = s[0]; })`z`)().v);

/// template_conversion
show(`${[1, [2, 3]]} ${null} ${undefined} ${() => 1} ${1n} ${{ toString: () => 'T', valueOf: () => 'V' }}`, thrown(() => `${Symbol('s')}`), `a\
b`, `\r\n`.length);

/// getter_on_prototype_blocks_assignment
const o = Object.create({ get x() { return 1; } });
o.x = 2;
show(o.x, Object.keys(o), thrown(() => { 'use strict'; o.x = 2; }));

/// unicode_names_and_escapes
var \u0061bc = 1, ünï = 2, 变量 = 3, 𠮷 = 4, $ = 5, _ = 6;
show(abc, ünï, 变量, 𠮷, $, _, ({ \u{61}: 'x' }).a);

/// directives_after_other_statements_do_nothing
;
'use strict';
show((function () { return this === globalThis; })());

/// debugger_and_empty_statements
debugger;;;
if (1);
for (var i = 0; i < 3; i++);
show(i);

/// getter_names_as_keywords
const o = { get get() { return 1; }, set set(v) {}, async: 2, await: 3, static: 4, async async() { return 5; }, *yield() { yield 6; }, new: 7, class: 8 };
show(o, await o.async(), [...o.yield()]);
