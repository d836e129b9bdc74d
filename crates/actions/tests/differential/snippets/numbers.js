/// to_string_shortest
for (const n of [0.1, 0.1 + 0.2, 1e21, 1e-7, 123456789012345680000, 1.7976931348623157e308, 5e-324, 2 ** 53, 2 ** -1074, 1 / 3, 100, 1e100, 0.000001, 4.35, 9007199254740993, 1.0000000000000002]) show(String(n));

/// to_string_radix
show((255).toString(16), (-255).toString(2), (0.5).toString(2), (3.75).toString(8), (1e9).toString(36), (0).toString(3), (35).toString(36), NaN.toString(2), Infinity.toString(16), thrown(() => (1).toString(1)), thrown(() => (1).toString(37)));

/// to_string_radix_fraction_digits
show((0.1).toString(3), (1 / 3).toString(2), Math.PI.toString(16));

/// to_string_radix_beyond_exact_integers
show((1e21).toString(7), (1.5e-9).toString(36));

/// to_fixed
for (const [n, d] of [[1.005, 2], [1.45, 1], [0, 2], [-0.0000001, 2], [-1.5, 0], [2.5, 0], [1e21, 2], [123.456, 0], [0.5, 0], [1.5, 0], [1e-10, 5], [1000000000000000128, 0], [0.1, 20], [NaN, 2], [8.345, 2]]) show(n.toFixed(d));
show(thrown(() => (1).toFixed(101)), thrown(() => (1).toFixed(-1)), (1).toFixed(100).length, thrown(() => Number.prototype.toFixed.call('1')));

/// to_precision_and_exponential
for (const n of [0, 1, 123.456, 0.00001, 1e21, 1.45, -5e-7, 99.99, 1.25e-5]) show(n.toPrecision(1), n.toPrecision(3), n.toExponential(), n.toExponential(1), n.toPrecision(21));
show(thrown(() => (1).toPrecision(0)), thrown(() => (1).toExponential(101)), (1).toPrecision(undefined), Infinity.toPrecision(1000), NaN.toExponential(1000));

/// number_conversion_of_strings
for (const s of ['', ' ', '\n', '12', ' 12 ', '1e3', '1e', '.5', '5.', '.', '+1', '--1', '0x1F', '-0x1F', '0b101', '0o17', '017', 'Infinity', '-Infinity', 'infinity', '1n', '1,000', '1_0', '\u00a01\ufeff', '12px', 'NaN', '1e1000', '-0', '\u180e1', '0x', '1 2']) show(s, Number(s));

/// parse_int_and_float
show(parseInt('12px'), parseInt('0x1f'), parseInt('0b1'), parseInt('z', 36), parseInt('12', 2), parseInt('9', 8), parseInt(''), parseInt(' -42abc'), parseInt('1e3'), parseInt(null, 36), parseInt(0.0000005), parseInt('123', 37), parseInt('123', 1), parseInt('11', 0), parseInt('900719925474099267'), parseInt('-0'));
show(parseFloat('3.14abc'), parseFloat('.5.5'), parseFloat('-.5e-2x'), parseFloat('e5'), parseFloat('Infinityx'), parseFloat('0x10'), parseFloat('1e'), parseFloat('  \n7'), parseFloat('-0'), Number.parseFloat === parseFloat);

/// number_predicates
for (const v of [1, 1.5, NaN, Infinity, 2 ** 53, 2 ** 53 - 1, '1', -0, null]) show(Number.isInteger(v), Number.isSafeInteger(v), Number.isFinite(v), Number.isNaN(v), isFinite(v), isNaN(v));

/// number_constants
show(Number.EPSILON, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, Number.MAX_VALUE, Number.MIN_VALUE, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, NaN, Math.PI, Math.E, Math.LN2, Math.LN10, Math.LOG2E, Math.LOG10E, Math.SQRT2, Math.SQRT1_2);

/// rounding
for (const n of [0.5, -0.5, 1.5, 2.5, -1.5, -0.2, 0.49999999999999994, 4503599627370495.5, -0, NaN, 1e300, -2.5]) show(Math.round(n), Math.floor(n), Math.ceil(n), Math.trunc(n), Math.sign(n), Math.fround(n));

/// math_integers
show(Math.imul(0xffffffff, 5), Math.imul(2 ** 31, 2), Math.clz32(0), Math.clz32(1), Math.clz32(-1), Math.clz32(0.5), Math.hypot(3, 4), Math.hypot(), Math.hypot(NaN, Infinity), Math.hypot(-0), Math.cbrt(27), Math.cbrt(-8), Math.sqrt(2), Math.sqrt(-1));

/// math_min_max
show(Math.max(), Math.min(), Math.max(-0, 0), Math.min(0, -0), Math.max(1, NaN), Math.max('3', 2), Math.min(null, 1), Math.max([7]), Math.max(undefined), thrown(() => Math.max(1n)));

/// math_exact_functions
show(Math.pow(2, 0.5), Math.pow(-0, -1), Math.pow(1, NaN), Math.exp(1), Math.exp(0), Math.expm1(0), Math.log(1), Math.log(0), Math.log(-1), Math.log2(8), Math.log10(1000), Math.log1p(0), Math.atan2(-0, -0), Math.atan2(0, -0), Math.abs(-0), Math.abs('-3'));

/// math_transcendental_to_twelve_digits
const f = (x) => Number(x.toPrecision(12));
for (const x of [0.1, 1, 2.5, 10, -3]) show(f(Math.sin(x)), f(Math.cos(x)), f(Math.tan(x)), f(Math.atan(x)), f(Math.sinh(x)), f(Math.cosh(x)), f(Math.tanh(x)), f(Math.exp(x)), f(Math.expm1(x)), f(Math.asinh(x)));

/// math_transcendental_last_digit
show(Math.sin(1), Math.cos(1), Math.tan(1), Math.exp(2), Math.log(10), Math.log2(3), Math.log10(2), Math.sinh(1), Math.cosh(1), Math.tanh(0.5), Math.atan(0.5), Math.asin(0.5), Math.acos(0.5), Math.expm1(1e-5), Math.log1p(1e-5), Math.pow(1.1, 10), 1.1 ** 10, 10 ** 308, 1.00001 ** 1e5);

/// cube_root_last_digit
show(Math.cbrt(2), Math.cbrt(10), Math.cbrt(0.1));

/// power_of_ten_last_digit
show(10 ** -5, Math.pow(10, -5), 10 ** -10, 10 ** -22);

/// floats_as_fround_and_bits
const bits = (x) => hex(new Float64Array([x]).buffer);
show(bits(0.1), bits(-0), bits(NaN), bits(Infinity), bits(5e-324), Math.fround(1.1), Math.fround(1e40), Math.fround(1e-50), hex(new Float32Array([0.1, 3e-45, -1e39]).buffer));

/// integer_limits_of_addition
show(2 ** 53 + 1, 2 ** 53 + 2, 0.1 * 3, 1e16 + 1, 2147483647 + 1, -2147483648 - 1, 65536 * 65536, 4294967295 * 4294967295, 1 / -0, 0 / 0, -1 % 1, 5 % Infinity, Infinity % 5, 2 ** 31 >> 0);

/// increment_of_odd_values
let a = '5', b = null, c = undefined, d = 'x', e = true, f = [3], g = 5n;
a++; b++; c++; d++; e++; f++; g++;
let h = '7';
show(a, b, c, d, e, f, g, h++, h, -'3', +true, -[]);

/// number_constructor
show(Number(), Number(undefined), Number(null), Number(true), Number([5]), Number([1, 2]), Number({}), Number(new Date(7)), Number(10n), Number(2n ** 64n), new Number(5), thrown(() => Number(Symbol())), typeof new Number(1), Number('12n'));

/// random_is_a_fraction
const xs = Array.from({ length: 100 }, () => Math.random());
show(xs.every((x) => x >= 0 && x < 1), new Set(xs).size > 90);

/// to_locale_string_of_numbers
show((1234567.891).toLocaleString(), (0).toLocaleString(), (123456789n).toLocaleString());

/// number_methods_need_numbers
show(thrown(() => Number.prototype.toString.call('1')), thrown(() => Number.prototype.valueOf.call({})), Number.prototype.toString.call(new Number(3)), Number.prototype.valueOf());

/// property_access_on_literals
show(1..toString(), 1.0.toFixed(1), (1).constructor.name, 5..x, 1.5.toString());

/// sum_orders_and_accumulation
let sum = 0;
for (let i = 0; i < 1000; i++) sum += 0.1;
show(sum, [0.1, 0.2, 0.3].reduce((a, b) => a + b), [0.3, 0.2, 0.1].reduce((a, b) => a + b));

/// parse_long_decimals
for (const s of ['0.1000000000000000055511151231257827021181583404541015625', '9007199254740992.5', '9007199254740993.0000000000000001', '1.7976931348623158e308', '1.7976931348623159e308', '2.4703282292062328e-324', '2.4703282292062327e-324', '123456789.123456789123456789', '8.5e-3', '179769313486231580793728971405301e276']) show(Number(s));

/// integer_like_keys
const o = {};
for (const k of [1.0, '1', 01, 1e0, '1.0', -0, 4294967295, 4294967294, 1e21]) o[k] = true;
show(Object.keys(o));
