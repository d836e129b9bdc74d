/// texts_of_other_people
for (const s of ['1065873600', '1065873600000', '04 Dec 1995 00:12:00 GMT', 'Mon, 25 Dec 1995 13:30:00 +0430', '2020-04-20T18:30:0000:0000', '2011-10-10T14:48:00', '2011-10-10', '2011-10-10T14:48:00.000+09:00', 'Thu, 01 Jan 1970 00:00:00 GMT+0200', '12/25/1995', '25/12/1995', '1995-12-25 13:30', '1995/12/25 13:30:15', 'Dec 25, 1995', '25 Dec 1995', '25 December 1995 13:30', 'December 25 1995 1:30 PM', '1995-12-25T13:30', '1995-12-25T13:30Z', '1995-12-25T13:30:00.123456789Z', '19951225', '19951225T133000Z', '1995-W52-1', '1995-360']) show(s, Date.parse(s));

/// digits_only
for (const s of ['0', '1', '9', '12', '13', '31', '32', '49', '50', '99', '100', '123', '999', '1000', '1970', '9999', '10000', '99999', '123456', '275760', '275761', '1234567', '00', '000', '0001', '-1', '-2000', '+2000', '-000001', '+002000', '1.5', '1e3', ' 12 ', '12 12', '12 12 12', '1 2 3 4']) show(s, Date.parse(s));

/// iso_of_days_that_are_none
for (const s of ['2023-02-29', '2024-02-29', '2023-02-30', '2023-02-31', '2023-04-31', '2023-04-31T00:00:00Z', '2023-06-32', '2023-00-10', '2023-13-10', '2023-01-00', '2023-1-1', '2023-01-1', '2023-1-01', '2023-01-01T00', '2023-01-01T0:00', '2023-01-01T00:0', '2023-01-01T00:00:0', '2023-01-01T00:00:60', '2023-01-01T25:00', '2023-01-01T24:00', '2023-01-01T24:00:00.000', '2023-01-01T24:00:00.001', '2023-01-01T24:01']) show(s, Date.parse(s));

/// iso_offsets
for (const s of ['2023-01-01T00:00:00+01', '2023-01-01T00:00:00+0100', '2023-01-01T00:00:00+01:00', '2023-01-01T00:00:00+1:00', '2023-01-01T00:00:00+24:00', '2023-01-01T00:00:00+23:59', '2023-01-01T00:00:00+23:60', '2023-01-01T00:00:00-00:00', '2023-01-01T00:00:00 Z', '2023-01-01T00:00:00 +01:00', '2023-01-01 00:00:00+01:00', '2023-01-01 00:00:00 GMT', '2023-01-01 00:00:00 UTC+2', '2023-01-01Z', '2023-01-01+01:00', '2023-01-01T00:00:00+', '2023-01-01T00:00:00ZZ', '2023-01-01T00:00:00Z+1', '2023-01-01T00:00:00.Z', '2023-01-01T00:00:00,5Z', '2023-01-01T00:00:00.1Z', '2023-01-01T00:00:00.12Z', '2023-01-01T00:00:00.1239Z', '2023-01-01T00:00.5Z']) show(s, Date.parse(s));

/// years_of_few_or_many_digits
for (const s of ['0001-01-01', '1-01-01', '12-01-01', '123-01-01', '12345-01-01', '+012345-01-01', '+12345-01-01', '-012345-01-01', '-000000', '+000000', '-271821-04-20', '-271821-04-19', '+275760-09-13', '+275760-09-14', '99991-01-01T00:00:00Z']) show(s, Date.parse(s));

/// words_around_dates
for (const s of ['Monday, January 1, 2024', 'Mon Jan 01 2024', 'Jan 1 2024 (comment)', 'Jan 1 (c) 2024', '(c) Jan 1 2024', 'Jan 1 2024 (open', 'January 2024', 'Jan 2024', 'Jan 1', '1 Jan', 'Janx 1 2024', 'Jam 1 2024', 'sept 5 2024', 'September5 2024', 'Jan 1 2024 noon', 'Jan 1 2024 at 10:00', 'Jan 1, 2024, 10:00', '1st Jan 2024', 'today', 'now', 'Invalid Date', 'undefined', 'null', 'true', '2024年1月1日', 'foo 2024']) show(s, Date.parse(s));

/// times_of_day
for (const s of ['Jan 1 2024 10:00', 'Jan 1 2024 10:00:00', 'Jan 1 2024 10:00:00.5', 'Jan 1 2024 10:00 AM', 'Jan 1 2024 10:00AM', 'Jan 1 2024 10:00 pm', 'Jan 1 2024 12:00 AM', 'Jan 1 2024 12:00 PM', 'Jan 1 2024 0:00 AM', 'Jan 1 2024 0:00 PM', 'Jan 1 2024 13:00 PM', 'Jan 1 2024 13:00 AM', 'Jan 1 2024 24:00', 'Jan 1 2024 24:01', 'Jan 1 2024 25:00', 'Jan 1 2024 10:60', 'Jan 1 2024 10:59:60', 'Jan 1 2024 10', 'Jan 1 2024 10:', 'Jan 1 2024 10 PM', '10:00 Jan 1 2024', 'Jan 1 10:00 2024', 'Jan 1 2024 10:00:00:500', 'Jan 1 2024 1:2:3']) show(s, Date.parse(s));

/// zones_by_name
for (const s of ['Jan 1 2024 10:00 GMT', 'Jan 1 2024 10:00 UT', 'Jan 1 2024 10:00 UTC', 'Jan 1 2024 10:00 Z', 'Jan 1 2024 10:00 EST', 'Jan 1 2024 10:00 EDT', 'Jan 1 2024 10:00 CST', 'Jan 1 2024 10:00 MDT', 'Jan 1 2024 10:00 PST', 'Jan 1 2024 10:00 PDT', 'Jan 1 2024 10:00 CET', 'Jan 1 2024 10:00 BST', 'Jan 1 2024 10:00 JST', 'Jan 1 2024 10:00 GMT+1', 'Jan 1 2024 10:00 GMT+01', 'Jan 1 2024 10:00 GMT+0100', 'Jan 1 2024 10:00 GMT+01:00', 'Jan 1 2024 10:00 GMT-0330', 'Jan 1 2024 10:00+0100', 'Jan 1 2024 10:00 +0100 (CET)', 'Jan 1 2024 GMT', 'Jan 1 2024 +0100']) show(s, Date.parse(s));

/// two_digit_years
for (const s of ['1/1/00', '1/1/24', '1/1/49', '1/1/50', '1/1/99', '1/1/100', '12/31/0', '1 Jan 49', '1 Jan 50', 'Jan 1 0', '1-1-24', '1.1.2024', '01-02-2024', '2024-1-1', '2024/1/1', '24/1/1', '2024.1.1', '1/2', '1/2/3/4', '13/1/2024', '0/1/2024', '1/0/2024', '1/32/2024', '2/30/2024']) show(s, Date.parse(s));

/// spaces_and_case
for (const s of ['  2024-01-01', '2024-01-01  ', '\t2024-01-01\n', 'JAN 1 2024', 'jAn 1 2024', 'mon jan 1 2024 gmt', '2024-01-01t00:00:00z', '2024-01-01T00:00:00z', '2024 -01-01', '2024- 01-01', 'Jan1 2024', 'Jan,1,2024', 'Jan-1-2024', 'Jan/1/2024', '1-Jan-2024', '01-Jan-24', '2024\u00a001\u00a001', '2024\u221201\u221201']) show(s, Date.parse(s));

/// long_texts
show(Date.parse('Jan 1 2024' + ' '.repeat(300)), Date.parse(' '.repeat(300) + 'Jan 1 2024'), Date.parse('2024-01-01' + ' '.repeat(200) + 'x'), Date.parse('Jan 1 2024 (' + 'x'.repeat(300) + ')'), Date.parse('x'.repeat(300)), Date.parse('2024-01-01T00:00:00.' + '1'.repeat(300) + 'Z'), Date.parse('Jan 1 2024 10:00:00' + ' GMT'.padStart(200)));

/// methods_of_an_invalid_date
const d = new Date(NaN);
show(d.getTime(), d.valueOf(), d.getFullYear(), d.getTimezoneOffset(), d.getDay(), d.getYear(), String(d), d.toDateString(), d.toTimeString(), d.toUTCString(), d.toJSON(), thrown(() => d.toISOString()), JSON.stringify({ d }), `${d}`, d + 1, +d, d[Symbol.toPrimitive]('number'), d[Symbol.toPrimitive]('default'));

/// setters_of_an_invalid_date
const run = (act) => { const d = new Date(NaN); return [act(d), d.getTime()]; };
show(run((d) => d.setDate(1)), run((d) => d.setMonth(1)), run((d) => d.setHours(1)), run((d) => d.setMinutes(1)), run((d) => d.setFullYear(2024)), run((d) => d.setFullYear(2024, 1, 3)), run((d) => d.setUTCFullYear(2024)), run((d) => d.setYear(99)), run((d) => d.setTime(5)), run((d) => d.setTime()), run((d) => d.setYear(NaN)), run((d) => d.setSeconds(1, 2)), run((d) => d.setMilliseconds(1)));

/// setters_that_change_the_date_in_between
const d = new Date(0);
show(d.setHours({ valueOf() { d.setTime(86400000 * 5); return 1; } }), d.getTime());
const n = new Date(NaN);
show(n.setHours({ valueOf() { n.setTime(0); return 1; } }), n.getTime());
const m = new Date(0);
show(m.setDate({ valueOf() { m.setTime(NaN); return 3; } }), m.getTime(), m.setMonth(1), m.setFullYear({ valueOf() { return 2000; } }), m.getTime());

/// arguments_of_setters
const d = new Date(0), seen = [];
const v = (n) => ({ valueOf() { seen.push(n); return n; } });
show(d.setHours(v(1), v(2), v(3), v(4)), seen, d.setHours(), d.getTime(), new Date(0).setMonth(undefined), new Date(0).setDate(null), new Date(0).setFullYear(), new Date(0).setUTCMonth(13), new Date(0).setDate(-1), new Date(0).setMinutes(1, NaN), new Date(0).setDate(1e9), new Date(0).setDate(1e17), new Date(0).setHours(1, undefined));

/// limits_of_time
show(new Date(8.64e15).getTime(), new Date(8.64e15 + 1).getTime(), new Date(-8.64e15 - 1).getTime(), Date.UTC(275760, 8, 13), Date.UTC(275760, 8, 13, 0, 0, 0, 1), Date.UTC(-271821, 3, 20), new Date(1e81).getTime(), new Date(Infinity).getTime(), new Date(2024, 1e9).getTime(), Date.UTC(1e20, 0), Date.UTC(1970, 0, 1e8 + 1), Date.UTC(1970, 0, 1e8 + 2), Date.UTC(1970, -1e10, 1, 1e13), Date.UTC(0), Date.UTC(99), Date.UTC(100), Date.UTC(), Date.UTC(2017), Date.UTC(NaN), Date.UTC(1970.9, 0.9, 1.9), Object.is(Date.UTC(1970, 0, 1, 0, 0, 0, -0.5), 0));

/// components_that_overflow
show(new Date(2024, 1, 30).toISOString(), new Date(2024, 12, 1).toISOString(), new Date(2024, -13, 1).toISOString(), new Date(2024, 0, 0).toISOString(), new Date(2024, 0, 1, 24).toISOString(), new Date(2024, 0, 1, 0, -1).toISOString(), new Date(2024, 0, 1, 0, 0, 86400).toISOString(), new Date(2024, 0, 1, 0, 0, 0, -1).toISOString(), new Date(-1, 0).toISOString(), new Date(0, 0, 1).toISOString(), new Date(99, 11, 31).toISOString(), new Date(1e3, 0).toISOString());

/// texts_of_far_dates
for (const t of [-62198755200000, -62135596800000, -62167219200000, -6e13, -1e15, 8.64e15, -8.64e15, 253402300800000]) { const d = new Date(t); show(d.toISOString(), d.toUTCString(), d.toDateString(), d.getFullYear(), d.getYear()); }

/// round_trip_of_far_dates
for (const t of [-62198755200000, -6e13, -1e15, 8.64e15, -8.64e15, 253402300800000, -1]) { const d = new Date(t); show(Date.parse(d.toISOString()) === t, Date.parse(d.toUTCString()), Date.parse(d.toString()), Date.parse(d.toDateString())); }

/// conversions_of_dates
const d = new Date(5);
show(d == 5, d > 4, d - 1, d + '' === d.toString(), typeof (d + 1), new Date(d).getTime(), new Date(new Date(NaN)).getTime(), Date(0) === Date(1), thrown(() => Date.prototype.getTime.call({})), thrown(() => Date.prototype.valueOf.call(5)), Date.prototype.toJSON.call({ toISOString: () => 'x' }), Date.prototype.toJSON.call({ valueOf: () => NaN, toISOString: () => 'x' }), thrown(() => Date.prototype.toJSON.call({})), thrown(() => d[Symbol.toPrimitive]('x')), d[Symbol.toPrimitive]('number'), Object.prototype.toString.call(d), Object.prototype.toString.call(Date.prototype), thrown(() => Date.prototype.getTime()));

/// subclass_of_date
class Day extends Date { get iso() { return this.toISOString().slice(0, 10); } }
const day = new Day(2024, 0, 5);
show(day.iso, day instanceof Date, new Day('x').getTime(), Object.prototype.toString.call(day), new Day(day).iso, Reflect.construct(Date, [0], Object).getTime === undefined);

/// properties_of_date
show(Date.length, Date.UTC.length, Date.parse.length, Date.parse.name, Date.prototype.setHours.length, Date.prototype.setFullYear.length, Date.prototype.toGMTString === Date.prototype.toUTCString, describe(Date).parse[0], describe(Date).prototype[0], Object.keys(Date), Object.getOwnPropertyNames(Date).sort(), Object.getOwnPropertyNames(Date.prototype).sort(), thrown(() => new Date.parse('x')), Date.parse(), Date.parse({ toString: () => '2024' }), thrown(() => Date.parse(Symbol())));
