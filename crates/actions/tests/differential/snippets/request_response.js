/// request_defaults
const r = new Request('https://a.example/p?q#f');
show(r.method, r.url, r.body, r.bodyUsed, r.redirect, [...r.headers], r.signal instanceof AbortSignal, r.signal.aborted, Object.prototype.toString.call(r));

/// request_methods
for (const m of ['get', 'Post', 'put', 'delete', 'head', 'options', 'patch', 'PATCH', 'custom', 'CONNECT', 'trace', 'TRACK', '', 'a b', 'é']) show(m, thrown(() => new Request('https://a', { method: m }).method));

/// request_addresses
for (const u of ['nope', '', '//a', '/a', 'https://u:p@a', 'https://a b', new URL('https://a/b'), { toString: () => 'https://o' }, undefined, null, 'HTTP://A:80/../b']) { const r = thrown(() => new Request(u).url); show(r.returned ?? r.name); }
show(thrown(() => new Request()), thrown(() => Request('https://a')));

/// request_bodies
for (const b of ['text', new URLSearchParams('a=1&b=2'), new Uint8Array([1, 2]), new ArrayBuffer(3), new Blob(['b'], { type: 'x/y' }), new Blob(['b']), 5, { a: 1 }, [1], true]) {
  const r = new Request('https://a', { method: 'POST', body: b });
  show(r.headers.get('content-type'), hex(await r.arrayBuffer()));
}
show(thrown(() => new Request('https://a', { body: 'x' })), thrown(() => new Request('https://a', { method: 'HEAD', body: '' })), new Request('https://a', { method: 'POST', body: null }).body, new Request('https://a', { method: 'POST', body: undefined }).body);

/// request_content_type_is_not_overwritten
const r = new Request('https://a', { method: 'POST', body: 'x', headers: { 'Content-Type': 'application/json' } });
show([...r.headers]);

/// request_from_request
const a = new Request('https://a', { method: 'POST', body: 'x', headers: { h: '1' } });
const b = new Request(a, { headers: { h: '2' } });
show(a.bodyUsed, b.method, b.headers.get('h'), await b.text(), thrown(() => new Request(a)), await rejected(a.text()));

/// request_clone
const a = new Request('https://a', { method: 'PUT', body: 'x' });
const b = a.clone();
show(await a.text(), await b.text(), a.bodyUsed, b.bodyUsed, thrown(() => a.clone()), b !== a);

/// request_options
const r = (o) => thrown(() => { const q = new Request('https://a', o); return [q.redirect, q.mode, q.credentials, q.cache, q.referrer, q.integrity, q.keepalive]; });
show(r(), r({ redirect: 'manual', cache: 'no-store', credentials: 'omit', mode: 'cors' }), r({ redirect: 'nope' }), r({ mode: 'navigate' }), r({ window: 'x' }), r(5), r(null), r({ integrity: 'x', keepalive: 1 }));

/// response_defaults
const r = new Response();
show(r.status, r.statusText, r.ok, r.type, r.url, r.redirected, r.body, r.bodyUsed, [...r.headers], await r.text(), Object.prototype.toString.call(r));

/// response_options
const r = new Response('x', { status: 404, statusText: 'Gone away', headers: { A: 'b' } });
show(r.status, r.statusText, r.ok, [...r.headers], [200, 201, 299, 300, 204].map((s) => new Response(null, { status: s }).ok), thrown(() => new Response('', { status: 199 })), thrown(() => new Response('', { status: 600 })), thrown(() => new Response('x', { status: 204 })), thrown(() => new Response('x', { status: 304 })), thrown(() => new Response('', { statusText: '\n' })), thrown(() => new Response('', { status: 'x' })), thrown(() => new Response('', 5)), thrown(() => Response()));

/// response_bodies
const bodies = ['té', new Uint8Array([1, 255]), new Uint16Array([1]), new DataView(new ArrayBuffer(2)), new Blob(['x', new Uint8Array([33])], { type: 'A/B' }), new URLSearchParams({ a: 'b c' }), 7, { toString: () => 'obj' }, ''];
for (const b of bodies) { const r = new Response(b); show(r.headers.get('content-type'), await r.text()); }

/// body_methods
const make = () => new Response('{"a":[1,"é"]}', { headers: { 'content-type': 'application/json' } });
const blob = await make().blob();
show(await make().json(), hex(await make().arrayBuffer()), (await make().arrayBuffer()) instanceof ArrayBuffer, blob.size, blob.type, await blob.text(), await make().text());

/// body_is_used_once
const r = new Response('x');
const first = r.text();
show(r.bodyUsed, await first, await rejected(r.text()), await rejected(r.json()), await rejected(r.arrayBuffer()), thrown(() => r.clone()), await rejected(() => Response.prototype.text.call({})));

/// json_failures
show(await rejected(new Response('{').json()), await rejected(new Response('').json()), await new Response('\ufeff{"a":1}').json(), await new Response(unhex('efbbbf61')).text(), await new Response(unhex('ff')).text(), await rejected(new Response(null).json()));

/// null_bodies
const r = new Response(null);
show(r.body, r.bodyUsed, await r.text(), r.bodyUsed, await r.text(), hex(await r.arrayBuffer()), (await new Response(undefined).blob()).size);

/// response_clone
const a = new Response('x', { status: 201, headers: { a: 'b' } });
const b = a.clone();
b.headers.set('a', 'changed');
show(await a.text(), await b.text(), b.status, a.headers.get('a'), b.headers.get('a'));

/// response_statics
const e = Response.error(), j = Response.json({ a: 1 }, { status: 201, headers: { x: 'y' } }), r = Response.redirect('https://a/b', 301);
show(e.type, e.status, e.ok, e.statusText, j.status, [...j.headers], await j.text(), r.status, r.headers.get('location'), Response.redirect('https://a').status, thrown(() => Response.redirect('https://a', 200)), thrown(() => Response.redirect('nope')).name, thrown(() => Response.json(undefined)), thrown(() => Response.json(() => {})), thrown(() => Response.json(1n)), await Response.json(null).text(), Response.json('x', { headers: { 'content-type': 'text/x' } }).headers.get('content-type'));

/// immutable_headers
show(thrown(() => Response.error().headers.set('a', 'b')), thrown(() => Response.redirect('https://a').headers.append('a', 'b')));

/// body_streams
const reader = new Response('hello').body.getReader();
const out = [];
for (;;) { const { done, value } = await reader.read(); if (done) break; out.push(hex(value)); }
show(out, new Response('x').body.locked, new Response('x').body instanceof ReadableStream);

/// body_as_async_iterable
const parts = [];
for await (const part of new Response('abc').body) parts.push(hex(part));
show(parts);

/// response_from_a_stream
const stream = new ReadableStream({ start(c) { c.enqueue(new Uint8Array([104])); c.enqueue(new Uint8Array([105])); c.close(); } });
show(await new Response(stream).text());

/// form_data_bodies
const f = await new Response('a=1&b=x+y', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }).formData();
show([...f], f.get('a'), await rejected(new Response('x').formData()));

/// fetch_refusals
show((await rejected(fetch('nope'))).name, (await rejected(fetch())).name, await rejected(fetch('https://a.example', { method: 'GET', body: 'x' })), await rejected(fetch('https://a.example', { method: 'a b' })), await rejected(fetch('https://a.example', { headers: { 'a b': 'c' } })), await rejected(fetch('https://u:p@a.example')), fetch.length, fetch.name);

/// fetch_of_an_aborted_signal
const reason = new RangeError('mine');
show((await rejected(fetch('https://a.example', { signal: AbortSignal.abort() }))).name, (await rejected(fetch('https://a.example', { signal: AbortSignal.abort(reason) }))) === reason);

/// fetch_of_unknown_schemes
for (const u of ['x://a', 'file:///etc/hosts', 'about:blank']) show((await rejected(fetch(u))).name);

/// class_shapes
show(Object.keys(Response.prototype).sort(), Object.keys(Response).sort(), Request.length, Response.length);

/// request_class_shape
show(Object.keys(Request.prototype).filter((k) => !['attribute', 'duplex'].includes(k)).sort());

/// header_guards_on_requests
const r = new Request('https://a', { headers: { Host: 'x', 'Content-Length': '5', Cookie: 'a=b', Origin: 'o', 'Sec-Fetch-Mode': 'x', 'X-Ok': '1' } });
show([...r.headers]);
