/// powers_of_two
for (let e = -1074; e <= 1023; e++) show(e, 2 ** e, -(2 ** e));

/// neighbours_of_powers_of_two
const view = new DataView(new ArrayBuffer(8));
const next = (x, by) => { view.setFloat64(0, x); view.setBigInt64(0, view.getBigInt64(0) + by); return view.getFloat64(0); };
for (let e = -1073; e <= 1023; e += 7) show(next(2 ** e, 1n), next(2 ** e, -1n), next(2 ** e, 2n));

/// random_bits_shortest
const view = new DataView(new ArrayBuffer(8));
let seed = 99;
const draw = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0);
for (let i = 0; i < 3000; i++) { view.setUint32(0, draw()); view.setUint32(4, draw()); show(view.getFloat64(0)); }

/// shortest_of_amounts
for (let i = 1; i < 400; i++) show(i / 100, i * 1.1, i / 3, i * 1e18, i * 1e21, i * 1e-7, 1 / i, Math.sqrt(i));

/// powers_of_two_in_other_forms
for (const e of [-1074, -1022, -1000, -200, -44, -24, -10, 53, 60, 70, 71, 80, 100, 500, 1023]) { const x = 2 ** e; show(x.toExponential(), x.toString(), `${x}`, JSON.stringify(x), x.toPrecision(17), x.toPrecision(5), x.toExponential(15), x + ''); }

/// powers_of_two_as_keys
const o = { [2 ** -24]: 1, [2 ** -44]: 2, [2 ** 70]: 3 };
show(o, o['5.960464477539063e-8'], Number('5.960464477539063e-8') === 2 ** -24, parseFloat(String(2 ** -1017)) === 2 ** -1017);

/// to_fixed_rounding_reports
for (const [n, d] of [[0.045, 2], [1.255, 2], [1.005, 2], [10.235, 2], [-1.5, 0], [0.000001, 7], [123.456, 2], [1e20, 2], [999999999999999900000, 1], [-0.5, 0], [2 ** -24, 20], [2 ** -30, 30], [0.5, 0], [1.45, 1], [(25).valueOf() / 10, 0], [1e-100, 100]]) show(n.toFixed(d));

/// to_precision_reports
for (const [n, p] of [[25, 1], [35, 1], [0.00001, 1], [0.0000001, 1], [1.25, 2], [1.35, 2], [-1.25, 2], [123456, 2], [1e21, 3], [0, 5], [0.000123, 2], [99.99, 3], [2 ** -24, 16], [2 ** -24, 15], [1e-7, 21]]) show(n.toPrecision(p));

/// to_exponential_reports
for (const [n, d] of [[25, 0], [12345, 3], [0.00015, 0], [0, 2], [-1.5e-9, 0], [1.5, 0], [2.5, 0], [2 ** -24, 14], [2 ** 70, undefined], [5e-324, undefined], [1e21, undefined]]) show(n.toExponential(d));

/// digits_argument_conversions
show(thrown(() => (1).toFixed(-1)), (1).toFixed('2'), (1).toFixed(null), (1).toFixed(NaN), (1.9).toFixed(0.9), thrown(() => (1).toPrecision(0)), thrown(() => (1).toFixed({ valueOf() { throw new RangeError('v'); } })), thrown(() => (1).toFixed(Symbol())), thrown(() => (1).toFixed(1n)), thrown(() => (NaN).toFixed(101)), (NaN).toPrecision(101), (Infinity).toExponential(-1));

/// parse_float_of_cut_exponents
for (const s of ['1e', '1e+', '1e-', '1e-5x', '1.e5', '.e5', '1..2', '-.5', '+.5e+1', '1e5.5', '1_000', '0x', '0b', '١', 'Infinity1', '-Infinityx', 'infinity', '1e1000', '-1e1000', '1e-400', '00012', '\u00851', '\ufeff1', '\u200b1']) show(s, parseFloat(s), Number(s));

/// long_decimal_texts_round_right
for (const s of ['9007199254740993', '9007199254740992.99999999999999999999', '9007199254740993.00000000000000000001', '2.4703282292062327208e-324', '2.4703282292062328e-324', '1.7976931348623158e308', '1.7976931348623159e308', '0.1000000000000000055511151231257827021181583404541015625', '2.2250738585072011e-308', '2.2250738585072012e-308', '179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880', '0.' + '0'.repeat(400) + '1', '1' + '0'.repeat(310)]) show(Number(s), parseFloat(s));

/// hex_octal_and_binary_texts
for (const s of ['0x1fffffffffffff', '0x20000000000001', '0x20000000000003', '0xffffffffffffffffffff', '0b' + '1'.repeat(60), '0o' + '7'.repeat(20), '0X1F', '0B1', '0O7', '-0x1', '0x1.8', '0x1p3', '0b2', '0o8', ' 0x10 ']) show(s, Number(s), parseInt(s));

/// parse_int_radix_reports
show(parseInt('1'.repeat(60), 2), parseInt('zz', 36), parseInt('zz', 37), parseInt('10', 1), parseInt('10', -1), parseInt('10', 4294967298), parseInt('0x10', 16), parseInt('0x10', 10), parseInt('0x', 16), parseInt('9007199254740993'), parseInt('1e21'), parseInt(1e21), parseInt(1e-7), parseInt('-0'), parseInt('١٢'), parseInt('123', '8'), parseInt(' \u2029 7'), parseInt('1n'), parseInt(null, 36), parseInt('\ud835\udfd9'));

/// radix_texts_of_fractions
show((0.5).toString(2), (-255.5).toString(16), (1 / 3).toString(3), (1e21).toString(16), (2 ** 53).toString(36), (0.1).toString(2), (-0).toString(2), (1e-7).toString(10), (255).toString(36), thrown(() => (1).toString(37)), (10).toString(undefined), thrown(() => (10).toString(null)));

/// exponent_operator_corners
show(NaN ** 0, 1 ** NaN, (-8) ** (1 / 3), 0 ** -1, (-0) ** -1, (-0) ** -2, (-2) ** 3, 2 ** -1074, 2 ** -1075, (-1) ** Infinity, 10 ** 308, 10 ** 309, 2 ** 0.5, 10 ** 21, 2 ** 31, 2 ** 32, 3 ** 34, 5 ** 22, 10 ** -1);

/// integer_overflow_paths
let a = 2147483647; a++; let b = -2147483648; b--; let c = 1073741824; c *= 4;
show(a, b, c, 2147483647 + 1, -2147483648 - 1, -(-2147483648), 65536 * 65536, -2147483648 * -1, -2147483648 / -1, -2147483648 % -1, 0 * -1, -0 + 0, 0 - 0, 5 % -0, -4 % 2, 2147483647 * 2147483647, (2147483647 | 0) + 1, ~2147483647, -2147483648 | 0, 1 << 31, 1 << 32, -1 >>> 0, -1 >>> 31, 4294967296 | 0, 2 ** 53 | 0, -1.9 | 0, NaN | 0, '0x10' | 0);

/// math_corner_reports
show(Math.round(-0.5), Math.round(0.49999999999999994), Math.round(4503599627370497.5), Math.round(-1.5), Math.round(2 ** 52 + 0.5), Math.max(), Math.min(NaN, 1), Math.hypot(NaN, Infinity), Math.hypot(3, 4), Math.sign(-0), Math.trunc(-0.9), Math.cbrt(-27), Math.fround(5.5), Math.fround(1.337), Math.fround(2 ** 150), Math.clz32(0), Math.clz32(-1), Math.imul(0xffffffff, 5), Math.log1p(1e-10), Math.expm1(-0), Math.atan2(-0, -0), Math.atan2(0, -0), Math.asinh(-0), Math.atanh(2), Math.abs(-0), Math.pow(NaN, 0), Math.floor(-0), Math.ceil(-0.5));

/// math_of_objects
const seen = [];
const v = (n) => ({ valueOf() { seen.push(n); return n; } });
show(Math.max(v(1), v(NaN), v(3)), Math.min(v(-0), v(0)), Math.hypot(v(1), v(2)), Math.pow(v(2), v(3)), Math.atan2(v(1), v(2)), seen, thrown(() => Math.max(1, 2n)), thrown(() => Math.abs(Symbol())));

/// number_of_big_values
show(Number(123n), Number(2n ** 64n), Number(2n ** 53n + 1n), Number(-(2n ** 1024n)), Number('0x' + 'f'.repeat(64)), +new Date(5), +[], +[7], +[1, 2], +{}, +'', +null, +undefined, +true, thrown(() => +1n), thrown(() => +Symbol()), Number(new Number(3)), Number([['5']]));

/// safe_integer_tests
show(Number.isInteger(5e-324), Number.isInteger(2 ** 1000), Number.isInteger('1'), Number.isSafeInteger(2 ** 53), Number.isSafeInteger(-(2 ** 53) + 1), Number.isSafeInteger(1.5), Number.isNaN('NaN'), isNaN('x'), isFinite('1'), Number.isFinite('1'), isNaN(undefined), thrown(() => isNaN(1n)), Number.EPSILON, Number.MIN_VALUE);

/// bigint_reports
show(-7n / 2n, -7n % 2n, (-2n) ** 3n, 0n ** 0n, 2n ** 64n - 1n, -(2n ** 63n), 5n & -2n, -5n | 2n, -5n ^ 3n, ~0n, 1n << 70n, -1n >> 70n, 1n << -1n, BigInt.asIntN(8, 255n), BigInt.asUintN(8, -1n), BigInt.asIntN(64, 2n ** 63n), BigInt.asIntN(0, 5n), BigInt.asUintN(65, -1n), thrown(() => 1n / 0n), thrown(() => 2n ** -1n), thrown(() => 1n + 1), thrown(() => 1n >>> 0n), thrown(() => BigInt(1.5)), thrown(() => BigInt('1.5')), BigInt(''), BigInt(' 0x1F '), BigInt('-12'), thrown(() => BigInt('-0x1')), thrown(() => BigInt(undefined)), BigInt(true), BigInt(1e25), thrown(() => BigInt.asIntN(2 ** 53, 1n)));

/// bigint_comparisons
show(1n == 1, 1n === 1, 2n > 1, 1n < 1.5, 1n == '1', 1n == 'x', 2n ** 64n == 2 ** 64, 2n ** 64n + 1n > 2 ** 64, 10n > NaN, 0n == '', 0n == false, [3n, 1, 2n, 10].sort(), [3n, 1, 2n, 10].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)), 9007199254740993n > 9007199254740992, 1n < Infinity, -1n > -Infinity, Object(1n) == 1n, typeof Object(1n), '2' > 1n, 'a' > 1n, new Set([1n, 1n, 1]).size, new Map([[1n, 'a']]).get(1n), 1n ? 1 : 0, 0n ? 1 : 0, !0n, 0n || 'x', -0n);

/// bigint_to_text
show((255n).toString(16), (-255n).toString(36), (2n ** 128n).toString(2).length, (10n ** 40n).toString(), (123n).toLocaleString === undefined, `${10n}`, 1n + 'a', thrown(() => (1n).toString(1)), thrown(() => JSON.stringify({ a: 1n })), BigInt('9'.repeat(60)), BigInt('0b' + '10'.repeat(40)), BigInt('0o777'), (-(2n ** 65n)).toString(10), 0x10n, 0b11n, 0o17n, 1_000n);
