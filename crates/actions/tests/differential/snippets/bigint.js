/// arithmetic
show(7n / 2n, -7n / 2n, 7n % -3n, -7n % 3n, 2n ** 100n, (-2n) ** 3n, 5n - 8n, -0n, 0n === -0n, 10n ** 30n / 3n);

/// division_and_powers_that_fail
show(thrown(() => 1n / 0n), thrown(() => 1n % 0n), thrown(() => 2n ** -1n), thrown(() => 1n + 1), thrown(() => +1n), thrown(() => 1n >>> 0n), thrown(() => Math.abs(1n)), thrown(() => 1n * '2'));

/// bit_operations_in_twos_complement
show(5n & -2n, 5n | -8n, 5n ^ -1n, ~5n, ~-1n, 1n << 70n, -1n >> 3n, -5n >> 1n, 5n >> -2n, 1n << -1n, (1n << 64n) - 1n & 0xffn);

/// large_products_and_quotients
const a = 0xfedcba9876543210fedcba9876543210fedcba9876543210n, b = 0x123456789abcdef0123456789abcdefn;
show(a * b, a / b, a % b, -a / b, -a % b, (a * b + 7n) % a, a ** 3n % b);

/// modular_power
const pow = (base, e, m) => { let r = 1n; base %= m; while (e > 0n) { if (e & 1n) r = r * base % m; base = base * base % m; e >>= 1n; } return r; };
show(pow(3n, 2n ** 255n - 21n, 2n ** 255n - 19n), pow(7n, 10n ** 20n, 2n ** 127n - 1n));

/// as_int_and_uint
show(BigInt.asIntN(8, 255n), BigInt.asIntN(8, 128n), BigInt.asUintN(8, -1n), BigInt.asUintN(64, -1n), BigInt.asIntN(64, 2n ** 63n), BigInt.asIntN(0, 5n), BigInt.asUintN(200, -1n), BigInt.asIntN(3, 25n), thrown(() => BigInt.asIntN(-1, 1n)), thrown(() => BigInt.asIntN(2 ** 53, 1n)), thrown(() => BigInt.asUintN(8, 1)));

/// conversion_from_numbers
show(BigInt(10), BigInt(2 ** 60), BigInt(1e25), BigInt(-0), BigInt(true), thrown(() => BigInt(1.5)), thrown(() => BigInt(NaN)), thrown(() => BigInt(undefined)), thrown(() => BigInt(null)), thrown(() => BigInt(Symbol())), thrown(() => new BigInt(1)));

/// conversion_from_strings
for (const s of ['', ' 12 ', '-5', '+5', '0x1F', '-0x1F', '0b11', '0o17', '1e3', '1.0', '1n', 'x', '00012', '0x', '\n7\t', '1_0']) show(s, thrown(() => BigInt(s)));

/// conversion_to_numbers
show(Number(2n ** 53n + 1n), Number(2n ** 1024n), Number(-(2n ** 1023n)), parseInt('12n'), parseFloat(5n), Number(0xfffffffffffffbffn), Number(0xfffffffffffffc00n), Number(9007199254740993n), Number(9007199254740995n), isNaN(thrown(() => isNaN(1n)).name));

/// to_string_in_all_radixes
const n = 2n ** 130n - 987654321n;
show([2, 3, 8, 10, 16, 32, 36].map((r) => n.toString(r)), (-255n).toString(16), 0n.toString(2), thrown(() => 1n.toString(1)), n.toLocaleString === undefined);

/// comparison_with_numbers_and_strings
show(1n == 1, 1n === 1, 2n > 1, 1n < 1.5, 2n ** 64n > 1e19, 1n == '1', 1n == '0x1', '2' > 1n, 1n == 'x', 1n < NaN, 0n == '', 1n == true, [3n, 1, 2n, 10, -1n].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)), 9007199254740993n > 9007199254740992, 1n < Infinity);

/// truthiness_and_typeof
show(!!0n, !!1n, 0n || 'zero', 5n && 'five', typeof 1n, typeof Object(1n), Object(1n) + 1n, 0n ?? 'no', -(-5n));

/// default_sort_with_numbers
show([3n, 10, 2n, 1].sort(), new Set([1n, 1n, 1]).size, [1n, 2n].includes(2n), [1n].indexOf(1), new Map([[1n, 'x']]).get(1n), Object.is(0n, -0n));

/// literals
show(0x10n, 0b11n, 0o17n, 1_000n, 00000 + 0, ({ 1n: 'key' }), ({ [1n]: 'k' })[1]);

/// early_error_fraction
1.5n;

/// early_error_exponent
1e3n;

/// early_error_legacy_octal
017n;

/// increment_and_unary_minus
let a = 5n;
const old = a++;
show(old, a, --a, -a, a--, a, a **= 2n, a <<= 3n, a >>= 1n, a %= 7n, a |= 8n, a &= 12n, a ^= 1n);

/// json_refuses
show(thrown(() => JSON.stringify({ a: 1n })), JSON.stringify({ a: 1n }, (k, v) => (typeof v === 'bigint' ? `${v}` : v)));
BigInt.prototype.toJSON = function () { return `${this}n`; };
show(JSON.stringify([1n, { a: 2n }]));
delete BigInt.prototype.toJSON;

/// prototype
show(1n.valueOf(), Object.prototype.toString.call(1n), thrown(() => BigInt.prototype.toString.call(1)), BigInt.prototype[Symbol.toStringTag], BigInt.length, Object(7n));

/// factorial_of_fifty
let f = 1n;
for (let i = 1n; i <= 50n; i++) f *= i;
show(f, `${f}`.length);

/// fixed_point_money
const wei = BigInt('1234567890123456789');
const format = (v, d) => `${v / 10n ** d}.${String(v % 10n ** d).padStart(Number(d), '0')}`;
show(format(wei, 18n), format(5n, 3n));

/// hex_round_trip
const bytes = Uint8Array.from({ length: 40 }, (_, i) => (i * 37 + 11) & 255);
const n = BigInt(`0x${hex(bytes)}`);
show(n, n.toString(16).padStart(80, '0') === hex(bytes), BigInt.asUintN(64, n).toString(16));

/// typed_array_and_data_view
const a = new BigInt64Array([1n, -1n, 2n ** 63n]);
const b = new BigUint64Array(a.buffer);
const v = new DataView(a.buffer);
show(a, b, v.getBigUint64(8), v.getBigInt64(0, true), thrown(() => a.fill(1)), thrown(() => { a[0] = 1; }), thrown(() => new BigInt64Array([1])));
