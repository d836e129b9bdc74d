/// classes_with_v
show(thrown(() => new RegExp('[\\q{\\-}]', 'v').test('-')), new RegExp('[[a-z]--[aeiou]]', 'v').test('e'), new RegExp('[[a-z]&&[aeiou]]', 'v').test('e'), new RegExp('[\\q{abc|d}]', 'v').exec('xabc'), new RegExp('^\\p{Emoji_Keycap_Sequence}$', 'v').test('1\ufe0f\u20e3'), thrown(() => new RegExp('[a--b]', 'u')), thrown(() => new RegExp('[(]', 'v')), thrown(() => new RegExp('[a-z&&&]', 'v')), new RegExp('[^\\d]', 'v').test('5'), thrown(() => new RegExp('a', 'uv')));

/// many_groups_and_alternatives
const many = 'z|'.repeat(1000) + '(X)|Y';
show(new RegExp(many).exec('Y').length, new RegExp('(a)'.repeat(120)).exec('a'.repeat(120)).length, thrown(() => new RegExp('(?<a>.)(?<a>.)')), new RegExp('a|b|c|d'.repeat(50)).test('d'), /(a)|(b)|(c)/.exec('c'), new RegExp(`(?:${'a?'.repeat(20)})${'a'.repeat(20)}`).test('a'.repeat(20)));

/// alternatives_behind_a_named_group
show(thrown(() => new RegExp(`(?<a>X)${'|z'.repeat(200)}|Y`).exec('Y').length), thrown(() => new RegExp(`(?<a>X)${'|z'.repeat(300)}|Y`).exec('Y').length));

/// empty_alternatives_in_loops
show(/(?:|[\w])+([0-9])/.exec('123and123'), /(?:a|)*b/.exec('aab'), /(?:a*)*/.exec('b'), /(?:a?)*?b/.exec('aab'), /(z)((a+)?(b+)?(c))*/.exec('zaacbbbcac'), /(a*)*/.exec('b'), /(?=(a+))a*b\1/.exec('baaabac'), /(.*?)a(?!(a+)b\2c)\2(.*)/.exec('baaabaac'), /(?:(a)|b)*/.exec('ab'), /(|a)*?c/.exec('aac'), /()*/.exec('x'), /(?:)*?/.exec(''), /(\2)(\1)/.exec('aaa'), /(a\1)/.exec('aa'));

/// dashes_in_classes
show('a-b'.match(/[\-]/gu), /[a-]/.test('-'), /[-a]/.test('-'), /[\w-a]/.test('-'), thrown(() => new RegExp('[\\w-a]', 'u')), thrown(() => new RegExp('[b-a]')), /[a\-z]/.exec('b'), /[\d-\w]/.test('-'), /[--0]/.test('.'), /[^]/.test('\n'), /[]/.test('a'), /[\b]/.test('\b'), /[\cA]/.test('\x01'), /[\c]/.test('\\'), /\c/.test('\\c'), /[\c0]/.test('\x10'), /[\0]/.test('\0'), /\07/.test('\x07'), /[\08]/.test('8'));

/// split_and_captures
show('a '.split(/(d)*/), 'abc'.split(/(b)/), 'abc'.split(/(?:)/), ''.split(/a?/), ''.split(/a/), 'a1b2c'.split(/\d/, 2), 'a1b2c'.split(/(\d)/, 3), 'aXbxc'.split(/x/i), 'ab'.split(/(?:)/u), '\u{1f600}b'.split(/(?:)/u), '\u{1f600}'.split(/(?:)/), 'a,b'.split(',', -1), 'a,b'.split(',', 0), 'a,b'.split(undefined), 'abc'.split(''), 'A<B>b</B>'.split(/<(\/)?([^<>]+)>/), 'aab'.split(/a*?/), 'aab'.split(/a*/), 'test'.split(/(?:)/, -1));

/// look_behind
show('price: $42.50 and \u20ac7'.match(/(?<=[$\u20ac])\d+(?:\.\d+)?/g), /(?<=(\d+)(\d+))$/.exec('1053').slice(), /(?<=\1(a))b/.exec('aab'), /(?<!a)b/.exec('abcb').index, /(?<=^|,)x/.exec('a,x').index, /(?<=a.*)c/.exec('abc').index, 'abcdef'.replace(/(?<=c)d/, '-'), /(?<=([abc]+)([abc]+))$/.exec('abc').slice(), /(?<=\b)a/.test(' a'), /(?<!^)a/.exec('aa').index, thrown(() => new RegExp('(?<=a)*', 'u')), /(?=a)*b/.test('b'), /(?<=\u{1f600})x/u.test('\u{1f600}x'));

/// case_folding
show(/\u212a/iu.test('k'), /\u212a/i.test('k'), /[^x]/iu.test('X'), /\w/iu.test('\u017f'), /\u017f/i.test('s'), /\u017f/iu.test('s'), /[a-z]/iu.test('\u212a'), /\u00e5/i.test('\u212b'), /\u00df/i.test('\u1e9e'), /\u00df/iu.test('\u1e9e'), /\u03c3/i.test('\u03c2'), /\u0130/i.test('i'), /\u0131/i.test('I'), /[\u00e0-\u00ff]/i.test('\u00c0'), /\u{10400}/iu.test('\u{10428}'), /\W/iu.test('S'), /\b/iu.test('\u017f'), /[^\W]/iu.test('\u212a'), /\x{41}/.test('A'), /[\w]/i.test('\u017f'));

/// surrogates
show(/\udf06/u.test('\ud834\udf06'), /^[^x]$/.test('\u{1d306}'), /^[^x]$/u.test('\u{1d306}'), /\ud834/.exec('\ud834\udf06').index, /^.$/u.test('\ud834'), /[\ud834\udf06]/u.exec('\ud834\udf06')[0].length, /\u{1d306}/u.test('\u{1d306}'), /\u{1d306}/.test('u'.repeat(1)), (() => { const r = /./gu; r.lastIndex = 1; return [r.exec('\u{1d306}x')?.index, r.lastIndex]; })(), (() => { const r = /\udf06/y; r.lastIndex = 1; return r.test('\ud834\udf06'); })(), [...'a\u{1f600}'.matchAll(/(?:)/gu)].map((m) => m.index), '\u{1f600}'.replace(/(?:)/gu, '-'), '\u{1f600}'.search(/\ude00/), '\u{1f600}'.search(/\ude00/u));

/// last_index
const r = /a/g;
r.lastIndex = -1;
show(r.exec('ba').index, r.lastIndex, r.exec('ba'), r.lastIndex, (() => { const q = /a/y; q.lastIndex = 1; return [q.test('ba'), q.lastIndex, q.test('ba'), q.lastIndex]; })(), (() => { const q = /a/; q.lastIndex = 5; return [q.test('a'), q.lastIndex]; })(), (() => { const q = /a/g; q.lastIndex = { valueOf: () => 1 }; return [q.exec('aa').index, q.lastIndex]; })(), thrown(() => { const q = Object.freeze(/a/g); return q.test('a'); }), thrown(() => Object.freeze(/a/).test('a')), (() => { const q = /a/g; q.lastIndex = 2 ** 40; return [q.test('a'), q.lastIndex]; })(), 'aaa'.replace(Object.assign(/a/g, { lastIndex: 2 }), 'b'), 'aaa'.replace(Object.assign(/a/y, { lastIndex: 1 }), 'b'), (() => { const q = /(?:)/g; const out = []; let m; while ((m = q.exec('ab')) && out.length < 9) { out.push(m.index); if (m[0] === '') q.lastIndex++; } return out; })());

/// replacement_patterns
show('abc'.replace(/(b)(?<n>c)/, '[$1$2$<n>$&$`$\'$$$3$0$01$10]'), 'abc'.replace(/b/, '$1$<n>$'), 'abc'.replace('b', '$1$&$`$\''), 'aaa'.replace(/a/g, (m, i, s) => `${i}${s.length}`), 'ab'.replace(/(?<x>a)/, (...a) => JSON.stringify(a.at(-1))), 'abc'.replaceAll('', '-'), 'aXbX'.replaceAll('X', '$&$&'), thrown(() => 'a'.replaceAll(/a/, 'b')), 'a.b.c'.replaceAll('.', () => '$&'), '$'.replace('$', '$$'), 'x'.replace(/x/, '$<a>'), 'x'.replace(/(?<a>y)?x/, '[$<a>]'), 'x'.replace(/(?<a>x)/, '$<b>$<a'), 'abcdefghijk'.replace(/(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)/, '$11-$10-$12-$00'));

/// symbol_methods
const log = [];
const fake = { exec(s) { log.push(s); return log.length === 1 ? { 0: 'b', index: 1, length: 1 } : null; }, flags: 'g', lastIndex: 0, global: true };
show(RegExp.prototype[Symbol.replace].call(fake, 'abc', 'X'), log, RegExp.prototype[Symbol.split].call({ constructor: undefined, flags: '', exec: null, toString: () => 'x' }, 'axb').length > 0, thrown(() => RegExp.prototype[Symbol.match].call(5, 'a')), RegExp.prototype[Symbol.search].call({ lastIndex: 3, exec: () => ({ index: 7 }) }, 'a'), RegExp.prototype.test.call({ exec: () => ({}) }, 'a'), thrown(() => RegExp.prototype.test.call({ exec: () => 5 }, 'a')), RegExp.prototype.toString.call({ source: 's', flags: 'f' }), Object.getOwnPropertyDescriptor(RegExp.prototype, 'flags').get.call({ global: 1, sticky: true, hasIndices: 'x' }), thrown(() => Object.getOwnPropertyDescriptor(RegExp.prototype, 'global').get.call({})), RegExp.prototype.source, RegExp.prototype.global);

/// construction
show(new RegExp('').source, new RegExp('/').source, new RegExp('\n').source, new RegExp('[/]').source, String(new RegExp('\u2028')), RegExp(/a/g) === RegExp(/a/g), (() => { const r = /a/g; return RegExp(r) === r; })(), new RegExp(/a/g, 'i').flags, new RegExp(/a/g).flags, new RegExp(undefined).source, new RegExp(null).source, thrown(() => new RegExp('a', 'gg')), thrown(() => new RegExp('a', 'x')), thrown(() => new RegExp('(')), thrown(() => new RegExp('a**')), thrown(() => new RegExp('\\')), thrown(() => new RegExp('{1}')), new RegExp('a{,5}').test('a{,5}'), new RegExp('a{1').test('a{1'), thrown(() => new RegExp('a{1', 'u')), thrown(() => new RegExp('a{2,1}')), new RegExp('a{99999999999}').test('a'), new RegExp({ toString: () => 'x' }).source, RegExp({ [Symbol.match]: true, source: 'q', flags: 'g', constructor: RegExp }).source, new RegExp('}').test('}'), new RegExp(']').test(']'), thrown(() => new RegExp(']', 'u')));

/// named_groups_and_indices
const m = /(?<year>\d{4})-(?<month>\d\d)?/d.exec('on 2024-');
show(m.groups, m.indices, m.indices.groups, Object.getPrototypeOf(m.groups), /(?<a>.)\k<a>/.exec('xx')[0], /\k<a>/.exec('k<a>')[0], thrown(() => new RegExp('\\k<a>', 'u')), thrown(() => new RegExp('(?<a>)\\k<b>')), /(?<$\u{10400}>a)/u.exec('a').groups, /(?<\u0061b>x)/.exec('x').groups, thrown(() => new RegExp('(?<1a>x)')), 'aBc'.replace(/(?<u>[A-Z])/, '<$<u>>'), [...'a1b2'.matchAll(/(?<l>[a-z])(?<d>\d)/g)].map((x) => ({ ...x.groups })), thrown(() => 'a'.matchAll(/a/)), /a/d.hasIndices, new RegExp('a', 'dgimsuy').flags, 'x'.match(/y/g), 'x'.match(/(x)(y)?/));

/// property_escapes
show(/\p{Lu}/u.test('A'), /\p{Script=Greek}/u.test('\u03b1'), /\p{L}/.test('p{L}'), /\P{ASCII}/u.test('\u00e9'), thrown(() => new RegExp('\\p{Nope}', 'u')), thrown(() => new RegExp('\\p{script=Greek}', 'u')), /\p{Emoji}/u.test('1'), /[\p{L}\d]/u.test('7'), /\p{Any}/u.test('\u{10ffff}'), /\p{ASCII_Hex_Digit}/u.test('G'), /\p{gc=Nd}/u.test('\u0663'), /\p{scx=Deva}/u.test('\u0964'), /\p{Lowercase}/iu.test('A'), /\P{Lowercase}/iu.test('a'), /[^\P{Lu}]/iu.test('a'), /\p{ID_Start}/u.test('\u2118'), thrown(() => new RegExp('\\p{}', 'u')), thrown(() => new RegExp('\\p{Lu', 'u')));

/// white_space_and_line_ends
const spaces = ['\t', '\v', '\f', ' ', '\u00a0', '\ufeff', '\u1680', '\u180e', '\u2000', '\u200b', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', '\u0085', '\r', '\n'];
show(spaces.map((s) => [/\s/.test(s), /./.test(s), /^$/m.test(`x${s}`), s.trim() === '']), /a$/m.test('a\r\nb'), 'a\r\nb'.split(/^/m), /^b/m.exec('a\u2028b')?.index, /a.b/s.test('a\nb'));

/// back_tracking
show(/<div[^>]*>/.exec('<p><div class="a">')[0], /(?:<!--[\S\s]*?-->|<(?:"[^"]*"['"]*|'[^']*'['"]*|[^'">])+>)/g.exec('<div class="some-class" data-value="test">')[0], /^(?:\w+\s?)+$/.test('abc def ghi'), /(x+x+)+y/.test('xxxxxxxxxxy'), /^((a+)+)$/.test('aaaaaaaaaaaa'), /a{2,3}?a/.exec('aaaa')[0], /(?:a|ab)(?:c|bcd)(?:d*)/.exec('abcd')[0], /((a)|(ab))((c)|(bc))/.exec('abc').slice(), /a[a-z]{2,4}?/.exec('abcdefghi')[0], /(aa|aabaac|ba|b|c)*/.exec('aabaac').slice(), 'aaaaaaaaaa,aaaaaaaaaaaaaaa'.replace(/^(a+)\1*,\1+$/, '$1'));

/// source_of_escaped_line_ends
show(['\\\n', '\\\r', '\\\u2028', '\\\u2029', '\\\\\n', '\\\\\\\n', '[\\\n/]', '[\n]', 'a\\\nb\r', '\\/', '/', '[/]/', '\\', '\\[/', '[\\]/]'].map((text) => { try { const pattern = RegExp(text); return [pattern.source, String(pattern)]; } catch (error) { return error.name; } }), RegExp('\\\n').test('\n'), RegExp(RegExp('\\\n').source).test('\n'));
