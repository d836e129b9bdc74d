/// parse_texts
for (const s of ['', '?', 'a', 'a=', '=a', '=', '&', '&&a&&', 'a=b=c', '?a=1', '??a=1', 'a+b=c+d', 'a%20b=%2B', '%zz=%', 'a=1&a=2', '%C3%A9=%F0%9F%98%80', '%E9=x', '%ff%FE', 'a;b', '#a=b', ' a = b ', 'a=\ud800', '%00=x', '\ufeffa=1', 'a%3Db=c%26d']) show(s, [...new URLSearchParams(s)]);

/// serialise
for (const v of ['', ' ', 'a b', '+', '&=?#', 'é', '\u{1F600}', '*-._', "!'()~", '%', '\n', '\ud800', 'A-Za-z0-9', '/:@', '"<>[]\\^`{|}', '\0\x7f']) show(v, new URLSearchParams([[v, v]]).toString());

/// constructors
show(String(new URLSearchParams()), String(new URLSearchParams({ a: 1, b: [1, 2], c: null })), String(new URLSearchParams([['a', 1], ['a', 2]])), String(new URLSearchParams(new Map([['m', 'n']]))), String(new URLSearchParams(new URLSearchParams('x=y'))), String(new URLSearchParams(undefined)), String(new URLSearchParams(null)), String(new URLSearchParams(5)), thrown(() => new URLSearchParams([['a']])), thrown(() => new URLSearchParams([1])), thrown(() => new URLSearchParams([['a', 'b', 'c']])), thrown(() => URLSearchParams('')), String(new URLSearchParams([new Set(['k', 'v'])])), String(new URLSearchParams({ [Symbol.iterator]: function* () { yield ['g', 'h']; } })), String(new URLSearchParams('')), thrown(() => new URLSearchParams({ a: Symbol() })), thrown(() => new URLSearchParams([[Symbol(), 1]])));

/// append_get_set_has_delete
const p = new URLSearchParams('a=1&b=2&a=3');
show(p.get('a'), p.getAll('a'), p.get('z'), p.getAll('z'), p.has('b'), p.has('z'), p.size);
p.append('a', 4); p.set('b', 'x'); p.set('n', 'new'); show(String(p));
p.set('a', 'only'); show(String(p));
p.delete('a'); show(String(p), p.has('a'));
show(thrown(() => p.append('x')), thrown(() => p.get()), thrown(() => p.set('x')), thrown(() => p.has()), thrown(() => p.delete()), p.append('u', undefined), String(p));

/// has_and_delete_with_value
const p = new URLSearchParams('a=1&a=2&b=2');
show(p.has('a', '2'), p.has('a', 3), p.has('a', undefined));
p.delete('a', '1'); show(String(p));
p.delete('b', 'none'); show(String(p));
p.delete('a', undefined); show(String(p));

/// sort
for (const s of ['z=b&a=b&z=a&a=a', '\u{1F308}=1&\ufb03=2', 'b&a=2&A=3&=4', 'é=1&e=2&ff=3', 'c=3&c=1&c=2']) { const p = new URLSearchParams(s); p.sort(); show([...p]); }

/// iteration
const p = new URLSearchParams('a=1&b=2');
show([...p.keys()], [...p.values()], [...p.entries()], p[Symbol.iterator] === p.entries, Object.prototype.toString.call(p), Object.prototype.toString.call(p.keys()), Object.fromEntries(p), new Map(p));
const log = [];
p.forEach(function (v, k, all) { log.push(v, k, all === p, this.t); }, { t: 1 });
show(log, thrown(() => p.forEach()), thrown(() => p.forEach(1)));

/// mutation_while_iterating
const p = new URLSearchParams('a=1&b=2&c=3');
const seen = [];
for (const [k] of p) { seen.push(k); if (k === 'a') p.delete('a'); if (seen.length > 5) break; }
show(seen, String(p));
const q = new URLSearchParams('a=1');
const more = [];
for (const [k] of q) { more.push(k); if (more.length < 3) q.append(`n${more.length}`, 'x'); }
show(more);

/// receivers_and_shape
show(thrown(() => URLSearchParams.prototype.get.call({}, 'a')), URLSearchParams.length, Object.keys(URLSearchParams.prototype).sort(), thrown(() => Object.getOwnPropertyDescriptor(URLSearchParams.prototype, 'size').get.call({})), new URLSearchParams('a&b').size, Object.getPrototypeOf(URLSearchParams.prototype.keys.call(new URLSearchParams())) === Object.getPrototypeOf(new URLSearchParams().values()));

/// form_round_trip
const values = ['a b', 'c+d', 'e&f=g', 'é\u{1F600}', '%41', '', '\r\n', '?#/'];
const p = new URLSearchParams(values.map((v, i) => [`k${i}`, v]));
show(String(p), [...new URLSearchParams(String(p)).values()].every((v, i) => v === values[i]));

/// with_url
const u = new URL('https://h/');
u.search = new URLSearchParams({ q: 'a b', n: 1 });
show(u.href, new URL(`?${new URLSearchParams([['x', 'y z']])}`, u).href);

/// conversion_of_names_and_values
const p = new URLSearchParams();
p.append(1, true); p.append(null, undefined); p.append({ toString: () => 'o' }, [1, 2]); p.append('\udc00', '\ud800x');
show([...p], p.get(1), p.has(null), String(p));

/// query_of_a_list
const query = (o) => Object.entries(o).flatMap(([k, v]) => [v].flat().map((x) => `${encodeURIComponent(k)}=${encodeURIComponent(x)}`)).join('&');
const s = query({ a: [1, 2], 'b c': "x'y" });
show(s, [...new URLSearchParams(s)], new URLSearchParams(s).getAll('a'));

/// large
const p = new URLSearchParams(Array.from({ length: 1000 }, (_, i) => [`k${i % 10}`, i]));
show(p.size, p.getAll('k3').length, String(p).length);
p.delete('k3');
show(p.size);
