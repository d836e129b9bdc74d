/// names_and_order
const h = new Headers({ 'X-B': '2', 'content-type': 'text/plain', 'x-a': '1' });
show([...h], h.get('X-b'), h.has('CONTENT-TYPE'), h.get('none'), [...h.keys()], [...h.values()]);

/// append_set_delete
const h = new Headers();
h.append('a', '1'); h.append('A', '2'); h.set('b', 'x'); h.append('b', 'y');
show(h.get('a'), h.get('b'), [...h]);
h.set('a', 'only'); h.delete('B'); h.delete('none');
show([...h]);

/// set_cookie_is_kept_apart
const h = new Headers([['set-cookie', 'a=1'], ['x', '1'], ['Set-Cookie', 'b=2']]);
show([...h], h.get('set-cookie'), h.getSetCookie(), new Headers().getSetCookie());
h.delete('set-cookie');
show(h.getSetCookie());

/// values_are_trimmed_and_checked
const h = new Headers();
for (const v of [' x ', '\tx\t', 'a\tb', '', ' ', 'é', 'a\rb', 'a\nb', 'a\0b', '\r\nx\r\n', '€', 5, null, undefined, '\x7f', '\x01']) show(v, thrown(() => { h.set('v', v); return h.get('v'); }));

/// names_are_checked
const h = new Headers();
for (const n of ['a', 'A-b_c.d', '', ' a', 'a b', 'a:b', 'é', 'a\n', '()', '@', '!#$%&\'*+-.^_`|~9', '"', null, undefined, 5]) show(n, thrown(() => { h.append(n, 'x'); return 'ok'; }), thrown(() => h.has(n)), thrown(() => h.get(n)));

/// constructors
show([...new Headers()], [...new Headers(undefined)], [...new Headers([['a', '1'], ['a', '2']])], [...new Headers(new Map([['m', 'n']]))], [...new Headers(new Headers({ x: 'y' }))], [...new Headers({ a: 1, b: null })], thrown(() => new Headers(null)), thrown(() => new Headers(1)), thrown(() => new Headers('x')), thrown(() => new Headers([['a']])), thrown(() => new Headers([['a', 'b', 'c']])), thrown(() => new Headers([1])), thrown(() => Headers()), thrown(() => new Headers({ 'a b': 'x' })), thrown(() => new Headers({ a: '\n\0' })));

/// iteration
const h = new Headers({ b: '2', a: '1' });
const log = [];
h.forEach(function (v, k, all) { log.push(v, k, all === h, this.t); }, { t: 1 });
show(log, h[Symbol.iterator] === h.entries, Object.prototype.toString.call(h), Object.prototype.toString.call(h.entries()), Object.fromEntries(h), thrown(() => h.forEach()), thrown(() => h.forEach(1)));

/// mutation_while_iterating
const h = new Headers({ a: '1', c: '3' });
const seen = [];
for (const [k] of h) { seen.push(k); if (k === 'a') h.append('b', '2'); if (seen.length > 5) break; }
show(seen);

/// arguments_and_receivers
const h = new Headers();
show(thrown(() => h.append('a')), thrown(() => h.set('a')), thrown(() => h.get()), thrown(() => h.has()), thrown(() => h.delete()), thrown(() => Headers.prototype.get.call({}, 'a')), Headers.length, Object.keys(Headers.prototype).sort());

/// own_keys_with_symbols
show(thrown(() => new Headers({ [Symbol('s')]: 'x' })), [...new Headers(Object.create({ inherited: 'x' }, { own: { value: 'y', enumerable: true }, hidden: { value: 'z' } }))]);
