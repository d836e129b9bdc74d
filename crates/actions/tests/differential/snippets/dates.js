/// iso_parsing
for (const s of ['2024-01-02', '2024-01-02T03:04', '2024-01-02T03:04:05', '2024-01-02T03:04:05.6', '2024-01-02T03:04:05.678Z', '2024-01-02T03:04:05.678901Z', '2024-01-02T03:04:05+02:00', '2024-01-02T03:04-0530', '2024', '2024-06', '2024-02-30', '2024-13-01', '2024-01-32', '2024-01-02T24:00:00Z', '2024-01-02T24:00:01Z', '2024-01-02T23:60Z', '2024-1-2', '2024-01-02T3:04Z', '2024-01-02 03:04:05Z', '2024-01-02T03Z', 'T03:04Z']) show(s, Date.parse(s));

/// iso_parsing_of_small_letters_and_month_zero
for (const s of ['2024-01-02T03:04:05z', '2024-01-02t03:04:05Z', '2024-00-01', 'Foo 1 2024']) show(s, Date.parse(s));

/// expanded_years
for (const s of ['+002024-01-01', '-000001-01-01T00:00:00Z', '-000000-01-01T00:00:00Z', '+275760-09-13T00:00:00.000Z', '+275760-09-13T00:00:00.001Z', '-271821-04-20T00:00:00.000Z', '-271821-04-19T23:59:59.999Z', '0000-01-01', '0099-12-31', '12024-01-01', '+12024-01-01']) show(s, Date.parse(s));

/// to_iso_string_edges
for (const t of [0, -1, 8.64e15, -8.64e15, -62167219200000, -62167219200001, 253402300799999, 253402300800000, 1e12 + 0.9, -0.9]) show(new Date(t).toISOString(), new Date(t).toJSON());
show(thrown(() => new Date(NaN).toISOString()), new Date(NaN).toJSON(), new Date(8.64e15 + 1).getTime(), new Date(-0).getTime());

/// rfc_and_own_format_parsing
for (const s of ['Tue, 02 Jan 2024 03:04:05 GMT', 'Tue Jan 02 2024 03:04:05 GMT+0200', 'Jan 2, 2024', '2 January 2024', 'January 2, 2024 3:04 PM', '1/2/2024', '01/02/2024 03:04:05', 'Tue Jan 02 2024', '2024/01/02', 'Jan 2 2024 03:04:05 UTC', 'Tue, 02 Jan 2024 03:04:05 +0130', 'Tue, 02 Jan 2024 03:04:05 EST']) show(s, Date.parse(s));

/// round_trip_of_its_own_texts
const d = new Date(1700000000123);
show(Date.parse(d.toString()), Date.parse(d.toUTCString()), Date.parse(d.toISOString()), Date.parse(d.toDateString()));

/// texts_that_are_no_dates
for (const s of ['', ' ', 'x', 'tomorrow', '2024-01-02T', '2024-', '--', '2024-01-02T03:04:05.Z', '2024-01-02T03:04:05 ', 'Invalid Date', 'NaN', '2024-01-02Z03:04', 'null', '[]', '{}']) show(s, Date.parse(s));

/// constructor_forms
show(new Date(2024, 0).getTime(), new Date(2024, 0, 31, 25, 61, 61, 1001).toISOString(), new Date(99, 0).getFullYear(), new Date(100, 0).getFullYear(), new Date(0, 0).getFullYear(), new Date(2024, -1).toISOString(), new Date('0').getTime() === Date.parse('0'), new Date(null).getTime(), new Date(undefined).getTime(), new Date(true).getTime(), new Date(new Date(5)).getTime(), new Date(2024, 0, NaN).getTime(), typeof Date(), new Date(2024, 1.9, 1.9).toISOString(), new Date([2024, 1]).getTime() === Date.parse('2024,1'));

/// constructor_with_objects
show(new Date({ valueOf: () => 5 }).getTime(), new Date({ toString: () => '2024-01-01', valueOf: () => ({}) }).getTime(), new Date({ [Symbol.toPrimitive]: () => '2024-01-01' }).getTime(), thrown(() => new Date(1n)), thrown(() => new Date(Symbol())));

/// utc
show(Date.UTC(2024), Date.UTC(2024, 1, 29), Date.UTC(), Date.UTC(99, 0), Date.UTC(2024, 12, 0), Date.UTC(275760, 8, 13, 0, 0, 0, 1), Date.UTC(2024, 0, 1, 0, 0, 0, 0.9), Date.UTC('2024', '1'), Date.UTC(NaN), Date.UTC.length, Date.length);

/// getters
const d = new Date(Date.UTC(2024, 1, 29, 13, 45, 59, 7));
show(d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate(), d.getUTCDay(), d.getUTCHours(), d.getUTCMinutes(), d.getUTCSeconds(), d.getUTCMilliseconds(), d.getTimezoneOffset(), d.getYear(), d.getFullYear(), d.getDay(), d.getHours(), d.valueOf());

/// getters_of_negative_times
const d = new Date(-1);
show(d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate(), d.getUTCDay(), d.getUTCHours(), d.getUTCMilliseconds(), new Date(-8.64e15).getUTCDay(), new Date(-62167219200000).getUTCFullYear());

/// setters
const d = new Date(0);
show(d.setFullYear(2024), d.setMonth(13), d.setDate(0), d.setHours(25), d.setMinutes(-1), d.setSeconds(75), d.setMilliseconds(1500), d.toISOString(), d.setUTCHours(1, 2, 3, 4), d.setUTCFullYear(2000, 1, 30), d.setTime(7), d.setTime(NaN), d.setMonth(1), d.setFullYear(1999), d.toISOString());

/// setters_on_invalid_dates_and_order
const d = new Date(NaN);
show(d.setDate(1), d.setHours(1), d.setFullYear(2020), new Date(0).setHours(), new Date(0).setFullYear(NaN), new Date(8.64e15).setMilliseconds(1), new Date(0).setYear(99), new Date(0).setYear(2024));

/// month_ends
const out = [];
for (let m = 0; m < 12; m++) out.push(new Date(Date.UTC(2023, m + 1, 0)).getUTCDate());
show(out, [1900, 2000, 2023, 2024, 2100].map((y) => new Date(Date.UTC(y, 2, 0)).getUTCDate()));

/// formats
const d = new Date(Date.UTC(2024, 1, 9, 3, 4, 5, 6));
show(d.toUTCString(), d.toGMTString(), d.toDateString(), d.toJSON(), JSON.stringify({ d }), d.toISOString(), new Date(NaN).toString(), String(new Date(NaN)), new Date(NaN).toUTCString(), new Date(NaN).toDateString());

/// formats_of_odd_years
for (const y of [-1, 0, 5, 99, 999, 10000, -100000]) { const d = new Date(0); d.setUTCFullYear(y); show(d.toUTCString(), d.toDateString(), d.toISOString()); }

/// to_string_with_zone
const d = new Date(Date.UTC(2024, 1, 9, 3, 4, 5, 6));
show(d.toString(), d.toTimeString(), `${d}`, d + '');

/// to_locale_strings
const d = new Date(Date.UTC(2024, 1, 9, 15, 4, 5, 6));
show(d.toLocaleString(), d.toLocaleDateString(), d.toLocaleTimeString());

/// arithmetic_and_comparison
const a = new Date(1000), b = new Date(2000);
show(b - a, a < b, a == new Date(1000), +a, a + 1 === `${a}1`, [b, a].sort((x, y) => x - y).map(Number), Math.max(a, b), a * 2);

/// now_stands_still
const t = Date.now();
for (let i = 0; i < 1e4; i++);
show(Date.now() === t, new Date().getTime() === t, t, typeof Date.now());

/// days_between
const day = 86400000;
show((Date.parse('2024-03-01') - Date.parse('2024-02-01')) / day, Math.floor((Date.parse('2024-12-25') - Date.parse('2024-01-01')) / day), new Date(Date.parse('2024-02-28') + 2 * day).toISOString().slice(0, 10));

/// iso_week
const week = (s) => { const d = new Date(s); d.setUTCDate(d.getUTCDate() + 4 - (d.getUTCDay() || 7)); return Math.ceil(((d - Date.UTC(d.getUTCFullYear(), 0, 1)) / 86400000 + 1) / 7); };
show(['2020-12-31', '2021-01-01', '2021-01-04', '2024-12-30', '2016-01-03'].map(week));

/// prototype_and_receivers
show(Object.prototype.toString.call(new Date()), thrown(() => Date.prototype.getTime.call({})), thrown(() => Date.prototype.toString.call(1)), Date.prototype.toJSON.call({ toISOString: () => 'iso', valueOf: () => 1 }), Date.prototype.getTime.length, Date.prototype.setHours.length);

/// subclass
class Day extends Date { get iso() { return this.toISOString().slice(0, 10); } }
const d = new Day(0);
show(d.iso, d instanceof Date, new Day(2020, 0).iso, Object.prototype.toString.call(d));

/// time_clip_and_fractions
show(new Date(1.9).getTime(), new Date(-1.9).getTime(), new Date(8.64e15 + 0.5).getTime(), new Date(Infinity).getTime(), new Date('12').getTime() === Date.parse('12'), new Date(1e81).getTime());

/// make_time_overflow
show(Date.UTC(2024, 0, 1, 1e9), Date.UTC(1e9), Date.UTC(2024, 1e6), Date.UTC(2024, 0, 1e8 + 1), Date.UTC(1970, 0, 1e8 + 1), Date.UTC(0, 0, 0, 0, 0, 0, Infinity), new Date(2024, 0, 1, 0, 0, 1e10).toISOString());
