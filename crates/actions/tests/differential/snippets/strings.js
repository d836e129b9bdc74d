/// search_methods
const s = 'banana';
show(s.indexOf('an'), s.indexOf('an', 2), s.lastIndexOf('an'), s.lastIndexOf('an', 2), s.indexOf(''), s.indexOf('', 99), s.lastIndexOf(''), s.includes('nan'), s.includes('nan', 3), s.startsWith('ban'), s.startsWith('nan', 2), s.endsWith('ana'), s.endsWith('ban', 3), thrown(() => s.includes(/a/)), thrown(() => s.startsWith(/a/)));

/// slice_substring_substr
const s = 'abcdef';
show(s.slice(2), s.slice(-2), s.slice(2, -1), s.slice(4, 2), s.substring(4, 2), s.substring(-1, 2), s.substring(NaN, 3), s.substr(1, 2), s.substr(-3, 2), s.substr(2), s.slice('1', '3'), s.slice(undefined, 2), s.at(-1), s.at(9), s.charAt(9), s[9], s.charCodeAt(9));

/// code_points
const s = 'a\u{1F600}\ud800b';
show(s.length, [...s].length, s.codePointAt(1), s.codePointAt(2), s.codePointAt(3), s.charCodeAt(1), String.fromCodePoint(0x1f600, 97), String.fromCharCode(0xd83d, 0xde00, 65601), thrown(() => String.fromCodePoint(1.5)), thrown(() => String.fromCodePoint(0x110000)), thrown(() => String.fromCodePoint(-1)));

/// well_formed
show('a\ud800'.isWellFormed(), '\ude00\ud83d'.isWellFormed(), '\u{1F600}'.isWellFormed(), 'a\ud800b\udc00'.toWellFormed(), '\ud83d\ude00'.toWellFormed());

/// pad_repeat_trim
show('5'.padStart(3, '0'), 'abc'.padStart(2), 'abc'.padEnd(8, 'xy'), 'a'.padStart(5, ''), 'x'.repeat(3), 'x'.repeat(0), thrown(() => 'x'.repeat(-1)), thrown(() => 'x'.repeat(Infinity)), ''.repeat(2 ** 28), '\t\n\u00a0\ufeff\u2028\u3000 x \u2003'.trim(), '  x '.trimStart(), '  x '.trimEnd(), '\u200bx'.trim(), '\u180ex'.trim().length);

/// split
show('a,b,,c'.split(','), 'abc'.split(''), 'abc'.split(), ''.split(','), ''.split(''), 'a1b2c'.split(/\d/), 'a1b2c'.split(/(\d)/), 'a,b,c'.split(',', 2), 'abc'.split(/(?:)/u), 'a\u{1F600}b'.split(''), 'aXbxc'.split(/x/i), 'abc'.split('', -1), 'test'.split('t'), 'ab'.split(/(x)?/));

/// replace_patterns
show('abcabc'.replace('b', '[$&$`$\'$$]'), 'abc'.replace(/(?<first>a)(b)/, '$2$1$<first>$3$<none>'), 'aaa'.replace('a', 'b'), 'aaa'.replaceAll('a', 'b'), 'aaa'.replaceAll('', '-'), 'abc'.replace(/b/, (m, i, s) => `${m}${i}${s}`), 'x'.replace('x', '$1'), 'x'.replace(/(x)/, '$01$10$2'), thrown(() => 'a'.replaceAll(/a/, 'b')), 'aXa'.replaceAll(/a/g, (m, i) => i));

/// replace_with_functions_and_groups
show('2020-01-02'.replace(/(?<y>\d+)-(?<m>\d+)-(?<d>\d+)/, (...args) => JSON.stringify(args)), 'ab'.replace(/(a)|(b)/g, (m, a, b) => `[${a},${b}]`), 'abc'.replace('b', () => undefined), 'abc'.replace(undefined, 'x'), 'undefined'.replace(undefined, 'x'));

/// case_conversion
show('stra\u00dfe'.toUpperCase(), 'İ'.toLowerCase().length, 'ΑΣ'.toLowerCase(), 'ΑΣΑ'.toLowerCase(), 'ﬃ'.toUpperCase(), 'ǆ'.toUpperCase(), '\u{10400}'.toLowerCase(), 'ŉ'.toUpperCase(), 'i'.toUpperCase(), 'I'.toLowerCase(), 'ΐ'.toUpperCase(), '\u1e9e'.toLowerCase());

/// case_conversion_locale_without_argument
show('Ii'.toLocaleUpperCase(), 'Ii'.toLocaleLowerCase());

/// case_conversion_turkish
show('Ii'.toLocaleUpperCase('tr'), 'Ii'.toLocaleLowerCase('tr'));

/// normalization
const forms = ['NFC', 'NFD', 'NFKC', 'NFKD'];
for (const s of ['\u00e9', 'e\u0301', '\ufb01', '\u1e9b\u0323', '\uac00', '\u1100\u1161\u11a8', '\u2126', '\u0344', 'q\u0307\u0323', '\u{1D15E}', '\u3392', '\u0958']) show(s, forms.map((f) => s.normalize(f)));
show('\u0041\u030a'.normalize(), thrown(() => 'x'.normalize('nfc')));

/// locale_compare
show('a'.localeCompare('b'), 'b'.localeCompare('a'), 'a'.localeCompare('a'), 'a'.localeCompare('a\u0301'), '\u00e9'.localeCompare('e\u0301'));

/// locale_compare_of_case_and_accents
show('a'.localeCompare('B'), 'A'.localeCompare('a'), '\u00e4'.localeCompare('z'), ['b', 'a', 'C', 'A', '\u00e4'].sort((x, y) => x.localeCompare(y)));

/// concat_and_conversion
show('a'.concat(1, null, [2, 3], undefined), 'a' + Symbol('x').description, String(Symbol('y')), thrown(() => 'a' + Symbol('z')), thrown(() => 'a'.concat(Symbol())), String([1, [2, [3]]]), String({}), String(null), `${[]}`, String(new Date(NaN)), String(-0), String([null, undefined, 1]));

/// methods_on_other_values
show(String.prototype.trim.call(12), String.prototype.at.call([1, 2], 0), thrown(() => String.prototype.trim.call(null)), thrown(() => String.prototype.toString.call(1)), String.prototype.concat.call(1, 2), String.prototype.split.call(121, 2));

/// raw_and_template_helpers
show(String.raw`a\n${1}`, String.raw({ raw: ['x', 'y', 'z'] }, 1, 2, 3), String.raw({ raw: 'abc' }, '-', '+'), String.raw({ raw: [] }, 1), thrown(() => String.raw({})), thrown(() => String.raw()));

/// html_methods
show('x'.anchor('a"b'), 'x'.big(), 'x'.link('u'), 'x'.sub(), 'x'.fontcolor('red'), 'x'.strike(), 'x'.blink());

/// index_properties
const s = new String('ab');
s.c = 1;
show(Object.keys(s), describe(Object('x')), s.length, 'length' in s, thrown(() => { 'use strict'; s[0] = 'z'; }), s[0], Object.getOwnPropertyNames('ab'));

/// match_and_match_all
show('a1b22'.match(/\d+/g), 'abc'.match(/z/g), 'abc'.match(/z/), 'abc'.match('b').index, [...'a1b22'.matchAll(/(?<d>\d)+/g)].map((m) => [m[0], m.index, { ...m.groups }]), thrown(() => 'a'.matchAll(/a/)), [...'aaa'.matchAll('a')].length, 'abc'.match().length, 'x.y'.match('.')[0], 'abc'.search(/c/), 'abc'.search('z'));

/// iteration_of_surrogates
const out = [];
for (const c of 'a\ud83d\ude00\ud83d') out.push(c.length);
show(out, Array.from('\u{1F468}\u200d\u{1F469}').length, 'n\u0303'.length, [...'n\u0303']);

/// comparison
show('a' < 'b', 'B' < 'a', 'a' < 'aa', '\ud83d\ude00' < '\uffff', '10' < '9', '10' < 9, 'é' < 'z', ['\u{1F600}', '\uffff', 'a', 'B', ''].sort());

/// escapes_in_literals
show('\x41\u0042\u{43}\u{1F600}\b\f\v\0\'\"\\\a', '\u2028'.length, 'line\
joined', "it's", 'tab\there');

/// large_strings
let s = 'ab';
for (let i = 0; i < 15; i++) s += s;
show(s.length, s.indexOf('ba', 60000), s.slice(-3), s.replaceAll('a', '').length, s.split('b').length, (s + '\u0100').charCodeAt(65536), s === s.slice(0, 1) + s.slice(1));

/// escape_and_unescape
show(escape('a b+c/é\u0100\u{1F600}@*_-.'), unescape('%u0100%E9%zz%u00'), unescape('%41%'));

/// uri_encoding
show(encodeURIComponent('a b&c/d?é\u{1F600}\'()*!~'), encodeURI('http://x/a b?q=é#f[]%'), decodeURIComponent('%F0%9F%98%80%41'), decodeURI('%2F%41%23'), thrown(() => encodeURIComponent('\ud800')), thrown(() => decodeURIComponent('%')), thrown(() => decodeURIComponent('%C0%80')), thrown(() => decodeURIComponent('%ED%A0%80')), thrown(() => decodeURIComponent('%E9')), decodeURIComponent('a+b'));

/// at_and_index_conversions
show('abc'.at('1'), 'abc'.at(NaN), 'abc'.at(-4), 'abc'.charAt(1.9), 'abc'.charAt(-0), 'abc'.charAt(true), 'abc'.codePointAt(), 'abc'['1'], 'abc'['01'], 'abc'[1.5], 'abc'.substring('x', 2), 'abc'.at(-Infinity));

/// string_constructor
show(String(), String(undefined), new String(), new String(5), typeof String(new String('x')), String({ toString: () => 'T' }), String({ toString: null, valueOf: () => 'V' }), thrown(() => new String(Symbol())), new String('a') == new String('a'), String(1e21), String(function f() {}));

/// symbol_protocol_methods
const custom = { [Symbol.replace]: (s, r) => `replaced ${s} ${r}`, [Symbol.split]: (s, l) => [s, l], [Symbol.match]: (s) => [s], [Symbol.search]: (s) => 42, [Symbol.matchAll]: (s) => [s, s], flags: 'g' };
show('x'.replace(custom, 'y'), 'x'.split(custom, 3), 'x'.match(custom), 'x'.search(custom), 'x'.matchAll(custom));

/// regex_like_flag_for_includes
const re = /a/;
re[Symbol.match] = false;
show('x/a/x'.includes(re), 'x/a/'.endsWith(re));

/// ascii_table_round_trip
let ok = true;
for (let i = 0; i < 0x10000; i += 7) if (String.fromCharCode(i).charCodeAt(0) !== i) ok = false;
show(ok, '\u0000'.length, 'a\0b'.split('\0'), JSON.stringify('\0'));

/// titlecase_algorithm
const title = (s) => s.toLowerCase().replace(/\b\w/g, (c) => c.toUpperCase());
show(title('the QUICK brown-fox'), 'camelCaseText'.replace(/([A-Z])/g, '_$1').toLowerCase(), 'snake_case_text'.replace(/_(\w)/g, (_, c) => c.toUpperCase()));
