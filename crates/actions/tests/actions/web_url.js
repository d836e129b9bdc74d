// What is printed is what Node.js 20 prints, except as docs/actions.md lists: URL and URLSearchParams.
const tests = [['https://user:pw@Example.COM:443/a/../b/./c?x=1&y=%20#frag'], ['/p?q', 'https://h.test/a/b'], ['//other/x', 'http://h'], ['HTTP://a.b'], ['mailto:x@y.z'], ['javascript:alert(1)'], ['data:text/plain,hi'], ['http://[::1]:3000/'], ['http://192.168.0.1.'], ['http://0x7f.1/'], ['http://ex ample'], ['nope'], [''], ['http://'], ['file:///C:/x/../y'], ['https://münchen.de/ä?ö#ü'], ['http://a.b:99999'], ['http://a.b/%zz%41'], ['?x', 'http://a/b?c'], ['#x', 'mailto:a'], ['blob:https://a.b/uuid'], ['  http://trim.me  '], ['http://a\tb.c'], ['ftp://x:21/'], ['ws://x:80'], ['http://a.b/\\c\\d'], ['https://xn--bcher-kva.de'], ['http://☃.net/'], ['non-special://H/ p?q r'], ['http://a.b?a=b c&d\'e"f']];
for (const t of tests) { try { const u = new URL(...t);
console.log(JSON.stringify([u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, String(u), u.toJSON()])); } catch (e) { console.log(t, e.name, e.code, e.message, e instanceof TypeError, e.input, e.base); } console.log(URL.canParse(...t), URL.parse(...t)?.href); }
const u = new URL('https://a.b/c?d=1'); const sp = u.searchParams;
u.port = '8080'; u.hostname = 'x.y'; u.hash = 'zz'; u.pathname = 'q r'; u.search = 'k=v&k=w';
console.log(u.href, sp.getAll('k'), sp === u.searchParams);
sp.append('new', 'a b&c=d+é');
console.log(u.href, u.search); sp.delete('k');
console.log(u.href); sp.set('new', '2'); sp.sort();
console.log(u.href); sp.delete('new');
console.log(u.href);
u.protocol = 'ftp'; u.host = 'h:1'; u.username = 'u@'; u.password = 'p:';
console.log(u.href); u.protocol = 'foo'; u.port = '';
console.log(u.href); u.href = 'http://z/?1';
console.log(sp.toString(), u.href); try { u.href = 'bad'; } catch (e) { console.log(e.code, e.message); } console.log(u.href);
for (const init of ['?a=1&b=2&a=3', 'a=%F0%9F%98%80&b=%zz&c=%C3', '&&=x&y', { a: 1, b: 'x y' }, [['p', 'q'], ['r', 's']], new Map([['m', 'n']]), new URLSearchParams('z=1'), 'a+b=c+d', undefined, '', '??x=1', 'a=b=c', '%EF%BB%BFbom=1']) { const p = new URLSearchParams(init);
console.log(p.toString(), [...p], p.size); }
for (const bad of [[['a']], [['a', 'b', 'c']], [1], 5, null, () => {}, Symbol.iterator]) { try { console.log(new URLSearchParams(bad).toString()); } catch (e) { console.log(e.name, e.code); } }
const p = new URLSearchParams('b=2&a=1&b=3&c=');
console.log(p.has('b', '3'), p.has('b', '4'), p.get('zz'), p.get('c')); p.delete('b', '2');
console.log(`${p}`); p.sort();
console.log(`${p}`, [...p.keys()], [...p.values()]); p.forEach((v, k, o) => console.log(v, k, o === p)); const it = p.entries();
console.log(it.next(), it.next(), it.next(), it.next());
console.log(it[Symbol.iterator]() === it, Object.prototype.toString.call(p));
console.log(new URLSearchParams("~!*()'-._ @#$%^&=+[]{}|;:,/?<>`\u0000\ud800").toString());
try { new URLSearchParams('a').get(); } catch (e) { console.log(e.name, e.code); } try { URL('x'); } catch (e) { console.log(e.name); } try { URLSearchParams.prototype.get.call({}, 'a'); } catch (e) { console.log(e.name); }
console.log(p, new URLSearchParams(), new URLSearchParams('a=1'.repeat(3)), { u: new URL('http://a/') }, JSON.stringify({ u: new URL('http://a/') }));
console.log([p.entries()].length, Object.keys(p), Object.keys(new URL('http://a')));
