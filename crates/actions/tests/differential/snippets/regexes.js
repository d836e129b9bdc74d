/// named_groups
const m = /(?<year>\d{4})-(?<month>\d{2})/.exec('on 2024-05 it');
show(m[0], m.index, m.groups, Object.keys(m.groups), Object.getPrototypeOf(m.groups), m.input, m.length);
show(/(?<a>x)|(?<b>y)/.exec('y').groups, /\k<q>(?<q>z)/.exec('z')[0], '\u{1F600}'.match(/(?<𠮷>.)/u).groups);

/// exec_result_properties
const m = /(a)(b)?/.exec('xa');
show(m, Object.keys(m), m.groups, describe(m));

/// last_index_global_and_sticky
const g = /a/g, y = /a/y;
show(g.exec('baa')?.index, g.lastIndex, g.exec('baa')?.index, g.exec('baa'), g.lastIndex, y.exec('baa'), y.lastIndex);
y.lastIndex = 1;
show(y.test('baa'), y.lastIndex, y.test('baa'), y.test('baa'), y.lastIndex, 'aab'.replace(/a/gy, '-'), 'baa'.replace(/a/gy, '-'), 'aXbX'.split(/X/y));

/// lookahead_and_lookbehind
show('price: $42, 17'.match(/(?<=\$)\d+/)[0], 'price: $42, 17'.match(/(?<!\$)\b\d+/)[0], 'foobar'.match(/foo(?=bar)/)[0], /foo(?!bar)/.test('foobar'), 'abcdef'.match(/(?<=([a-c]+))d/)[1], 'abc'.replace(/(?<=a)b(?=c)/, 'X'), '1234567'.replace(/\B(?=(\d{3})+(?!\d))/g, ','), 'aab'.match(/(?<=(a)\1)b/)?.[1], 'abb'.match(/(?<=\1(a))b/)?.[1]);

/// flags
const re = /x/dgimsuy;
show(re.flags, re.hasIndices, re.global, re.ignoreCase, re.multiline, re.dotAll, re.unicode, re.sticky, re.unicodeSets, /a/v.flags, thrown(() => new RegExp('a', 'gg')), thrown(() => new RegExp('a', 'uv')), thrown(() => new RegExp('a', 'q')), new RegExp('a', undefined).flags);

/// indices
const m = /(?<first>a)(b)?c(d)/d.exec('xacd');
show(m.indices, m.indices.groups);

/// dot_all_and_multiline
show(/a.b/.test('a\nb'), /a.b/s.test('a\nb'), /a.b/.test('a\u2028b'), /^b$/m.test('a\nb\nc'), /^b$/.test('a\nb'), 'a\r\nb'.match(/^.*$/gm), 'x\ny'.replace(/$/gm, ';'));

/// unicode_mode
show('\u{1F600}'.match(/./)[0].length, '\u{1F600}'.match(/./u)[0].length, /\u{1F600}/u.test('\u{1F600}'), /\u{61}/.test('a'), /^[\u{1F600}-\u{1F64F}]$/u.test('\u{1F610}'), /\ud83d/.test('\u{1F600}'), /\ud83d/u.test('\u{1F600}'), /^\S$/u.test('\u{1F600}'), thrown(() => new RegExp('\\-', 'u')), thrown(() => new RegExp('{', 'u')), new RegExp('{').test('{'), thrown(() => new RegExp('\\1', 'u')));

/// unicode_properties
show(/\p{L}+/u.exec('1éß中!')[0], /\p{Lu}/u.test('a'), /\p{Script=Greek}/u.test('α'), /\p{Emoji}/u.test('\u{1F600}'), /\P{ASCII}/u.exec('aé')[0], /\p{ID_Start}/u.test('_'), /\p{Script_Extensions=Hira}/u.test('ー'), /\p{Nd}+/u.exec('x١٢')[0], thrown(() => new RegExp('\\p{Nope}', 'u')), /\p{L}/.test('p{L}'), /[\p{Lu}\d]+/u.exec('aB3')[0], /\p{General_Category=Currency_Symbol}/u.test('€'));

/// unicode_sets
show(/[\p{L}--[a-z]]/v.exec('abCd')[0], /[[a-z]&&[aeiou]]/v.exec('xyze')[0], /^[\q{abc|d}x]$/v.test('abc'), /^\p{RGI_Emoji}$/v.test('\u{1F468}\u200d\u{1F469}\u200d\u{1F466}'), /^\p{Emoji_Keycap_Sequence}$/v.test('1\ufe0f\u20e3'), thrown(() => new RegExp('[a--b&&c]', 'v')), thrown(() => new RegExp('[(]', 'v')), /[^\p{L}]/v.exec('a1')[0], /[\w--\d]+/v.exec('12ab')[0]);

/// ignore_case
show(/[a-z]+/i.exec('ABC')[0], /\u212a/i.test('k'), /\u212a/iu.test('k'), /ſ/i.test('s'), /ſ/iu.test('s'), /ß/i.test('ẞ'), /ß/iu.test('ẞ'), /[^x]/i.test('X'), /\w/iu.test('ſ'), /Σ/i.test('ς'), /\u{10400}/iu.test('\u{10428}'), /İ/i.test('i'));

/// quantifiers
show('aaaa'.match(/a{2}/g), 'aaaa'.match(/a{2,}?/)[0], 'aaaa'.match(/a{1,3}/)[0], 'aaaa'.match(/a*?$/)[0], 'ab'.match(/(?:a|ab)(?:b|)/)[0], ''.match(/(?:)*/)[0], 'aaa'.match(/(a*)*/)[1], 'x'.match(/a{0}x/)[0], /a{,2}/.test('a{,2}'), thrown(() => new RegExp('a{2,1}')), thrown(() => new RegExp('a**')), thrown(() => new RegExp('+a')));

/// captures_reset_in_loops
show(/(?:(a)|(b)|(c))+/.exec('abc'), /(z)((a+)?(b+)?(c))*/.exec('zaacbbbcac'), /(?:(x)|y)*/.exec('xy')[1], /(a*)*/.exec('b'), /(?=(a+))a*b\1/.exec('baaabac'), /(.*?)a(?!(a+)b\2c)\2(.*)/.exec('baaabaac'));

/// backreferences
show(/(a)\1/.test('aa'), /\1(a)/.exec('a')[0], /(?:a)\1/.test('a\x01'), /(a)|\1b/.exec('b')?.[0], /\10/.test('\b'), /(\d)(?:x\1)+/.exec('1x1x12')[0], /(?<q>['"]).*?\k<q>/.exec(`say "it's" ok`)[0]);

/// character_classes
show('a-b_c d'.match(/[\w-]+/)[0], /[\b]/.test('\b'), /[^]/.test('\n'), /[]/.test('a'), /[a-]/.test('-'), /[\d-x]/.test('-'), /\cJ/.test('\n'), /[\cA]/.test('\x01'), /\x41\u0042\103/.test('ABC'), /\0/.test('\0'), /[\s]/.test('\ufeff'), /\s/.test('\u180e'), thrown(() => new RegExp('[b-a]')), /[--0]/.test('.'));

/// word_boundaries
show('hello big world'.match(/\b\w/g), 'é a'.match(/\b/g).length, 'ab'.replace(/\B/g, '-'), /\bfoo\b/.test('foo.bar'), ' x '.replace(/\b/g, '|'));

/// catastrophic_but_small
show(/^(a+)+$/.test('aaaaaaaaaaaaaaaaaa!'), /(x+x+)+y/.test('xxxxxxxxxxxxxxx'));

/// to_string_source_and_escape
show(String(/a\/b[/]\n/g), new RegExp('/').source, new RegExp('').source, new RegExp('\n').source, String(new RegExp('a/b', 'g')), RegExp('[/]').source, RegExp.prototype.toString.call({ source: 'x', flags: 'y' }), RegExp.prototype.source, RegExp.prototype.flags);

/// constructor_forms
const re = /a/g;
show(RegExp(re) === re, new RegExp(re) === re, new RegExp(re, 'i').flags, RegExp({ [Symbol.match]: true, source: 'q', flags: 'm', constructor: Object }).source, thrown(() => new RegExp('(')), thrown(() => new RegExp('\\')), new RegExp(undefined).source, new RegExp(null).source);

/// symbol_replace_details
show('aaa'.replace(/a/g, (m, i) => i), 'abc'.replace(/(?<x>b)/, '<$<x>>'), 'abc'.replace(/b/, '$0$1'), 'aXbX'.replace(/X/g, "$`|$'"), ''.replace(/(?:)/, 'x'), 'abc'.replace(/(?:)/g, '-'), '\u{1F600}'.replace(/(?:)/gu, '-').length, 'x'.replace(/x/, '$'), 'x'.replace(/x/, '$$$'));

/// own_exec_is_used
const re = /a/;
let calls = 0;
re.exec = () => (calls++, null);
show(re.test('a'), 'a'.replace(re, 'b'), 'a'.search(re), calls, thrown(() => { re.exec = () => 1; re.test('a'); }));

/// subclass
class R extends RegExp { exec(s) { const m = super.exec(s); if (m) m[0] = `<${m[0]}>`; return m; } }
show('abc'.match(new R('b'))[0], 'abc'.replace(new R('b', 'g'), (m) => m), new R('x', 'g') instanceof RegExp, [...'aa'.matchAll(new R('a', 'g'))].map((m) => m[0]));

/// split_with_captures_and_limits
show('A<B>bold</B>and<CODE>coded</CODE>'.split(/<(\/)?([^<>]+)>/), 'ab'.split(/a*?/), 'ab'.split(/a*/), ''.split(/x/), ''.split(/(?:)/), '2024-01-02'.split(/-/, 2), 'a, b ,c'.split(/\s*,\s*/), 'aBc'.split(/(?=[A-Z])/));

/// match_all_clones_last_index
const re = /a/g;
re.lastIndex = 1;
const found = [...'aaa'.matchAll(re)].map((m) => m.index);
show(found, re.lastIndex);

/// legacy_static_properties
/(b)(c)/.exec('abcd');
show(RegExp.$1, RegExp.$2, RegExp.lastMatch, RegExp['$&'], RegExp.leftContext, RegExp.rightContext);

/// regex_literals_make_new_objects
const f = () => /x/g;
show(f() === f(), f().lastIndex);

/// early_error_bad_flags
/a/gg;

/// early_error_bad_named_reference
/(?<a>x)\k<b>/;

/// early_error_unicode_escape
/\u{110000}/u;

/// early_error_lone_quantifier
/a/.test(/*/);

/// sloppy_named_reference_without_groups
show(/\k<a>/.test('k<a>'), /\c/.test('\\c'), /[\c]/.test('\\'), /\u{2}/.test('uu'), /a{1/.test('a{1'), /]/.test(']'), /}/.test('}'), /\_/.test('_'), /(?=a)*/.test(''), /\8/.test('8'));

/// validators
const email = /^[^\s@]+@[^\s@]+\.[^\s@]+$/, address = /^0x[0-9a-f]{40}$/i, iso = /^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(?:\.\d+)?Z$/;
show(email.test('a@b.co'), email.test('a@b'), address.test(`0x${'aB'.repeat(20)}`), address.test('0x12'), iso.test('2024-01-02T03:04:05.678Z'));

/// tokenizer
const token = /\s*(?:(?<number>\d+(?:\.\d+)?)|(?<name>[a-z_]\w*)|(?<op>[-+*/()=]))/gy;
const out = [];
for (const m of 'total = 3.5*(x_1 - 20)'.matchAll(token)) out.push(Object.entries(m.groups).find(([, v]) => v).join(':'));
show(out);

/// case_insensitive_ranges_and_escapes
show(/[A-z]/.test('_'), /[Z-a]/i.test('b'), /\x6a/i.test('J'), /[\u0430-\u044f]/i.test('\u0414'), /\W/i.test('k'), /\W/iu.test('ſ'));

/// very_long_alternation
const words = Array.from({ length: 500 }, (_, i) => `w${i}`);
const re = new RegExp(`^(?:${words.join('|')})$`);
show(words.every((w) => re.test(w)), re.test('w500'), re.source.length);

/// string_search_positions_in_unicode
show('a\u{1F600}b'.search(/b/), 'a\u{1F600}b'.search(/b/u), /\u{1F600}/u.exec('a\u{1F600}').index, [...'\u{1F600}\u{1F600}'.matchAll(/./gu)].map((m) => m.index));

/// advance_on_empty_match_in_middle_of_pair
const re = /(?:)/gu;
re.lastIndex = 1;
show(re.exec('\u{1F600}').index, re.lastIndex, '\u{1F600}'.split(/(?:)/u), '\u{1F600}'.split(/(?:)/).length);

/// lookbehind_with_anchors_and_captures
show('aXbX'.replace(/(?<=^|b)X/g, '-'), 'Xab'.replace(/(?<=^)X/, '-'), 'x12'.match(/(?<=(\d)(\d))$/).slice(1), 'abc'.match(/(?<!^)c/)[0], 'a1b2'.match(/(?<=b)\d/)[0], /(?<=\ud83d)\ude00/.test('\u{1F600}'), /(?<=\ud83d)\ude00/u.test('\u{1F600}'));
