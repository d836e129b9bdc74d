/// blob_parts
const b = new Blob(['té', new Uint8Array([1, 2]), new ArrayBuffer(1), new DataView(unhex('aabb').buffer, 1), new Blob(['in']), 5, null, { toString: () => 'o' }], { type: 'Text/PLAIN' });
show(b.size, b.type, hex(await b.arrayBuffer()), Object.prototype.toString.call(b), new Blob().size, new Blob([]).type);

/// blob_arguments
show(thrown(() => new Blob('x')), thrown(() => new Blob(5)), thrown(() => new Blob(null)), new Blob(undefined).size, new Blob(new Set(['ab'])).size, thrown(() => Blob([])), new Blob(['x'], { type: 'a\x80b' }).type, new Blob(['x'], { type: null }).type, thrown(() => new Blob(['x'], 5)), new Blob(['x'], null).type, thrown(() => new Blob([Symbol()])), new Blob(new Uint8Array([1, 2])).size);

/// blob_line_endings
show(await new Blob(['a\r\nb\nc'], { endings: 'transparent' }).text(), thrown(() => new Blob([], { endings: 'x' })), await new Blob(['a\r\nb\nc'], { endings: 'native' }).text());

/// blob_slice
const b = new Blob(['0123456789'], { type: 'a/b' });
for (const a of [[], [2], [2, 5], [-3], [-3, -1], [5, 2], [0, 99], ['1', '3'], [undefined, 4]]) { const s = b.slice(...a); show(a, await s.text(), s.type); }
show(b.slice(0, 1, 'C/D').type, b.slice(0, 5).slice(1, 3).size);

/// blob_text_and_surrogates
show(await new Blob(['\ud800']).text(), await new Blob([unhex('ff61')]).text(), await new Blob([unhex('efbbbf61')]).text(), hex(await new Blob(['\u{1F600}']).arrayBuffer()));

/// blob_stream
const parts = [];
for await (const p of new Blob(['ab', 'cd']).stream()) parts.push(hex(p));
show(parts.join(''));

/// blob_is_a_copy
const a = new Uint8Array([1]);
const b = new Blob([a]);
a[0] = 9;
show(hex(await b.arrayBuffer()));

/// file
const f = new File(['abc'], 'n.txt', { type: 'text/plain', lastModified: 5 });
show(f.name, f.size, f.type, f.lastModified, f instanceof Blob, await f.text(), Object.prototype.toString.call(f), thrown(() => new File(['x'])), thrown(() => new File()), new File([], 'a/b').name, f.slice(0, 1) instanceof File, new File([], 5).name, f.webkitRelativePath);

/// form_data
const f = new FormData();
f.append('a', '1'); f.append('a', 2); f.append('b', new Blob(['x'], { type: 't/x' })); f.append('c', new Blob(['y']), 'y.bin'); f.set('d', 'one'); f.set('d', 'two');
show(f.get('a'), f.getAll('a'), f.has('z'), f.get('z'), f.get('b').name, f.get('b') instanceof File, f.get('c').name, f.get('d'), [...f.keys()], Object.prototype.toString.call(f));
f.delete('a');
show([...f.keys()], thrown(() => f.append('x')), thrown(() => f.append('x', 'y', 'z')), thrown(() => f.get()), thrown(() => new FormData(1)));

/// form_data_order_of_set
const f = new FormData();
for (const [k, v] of [['a', 1], ['b', 2], ['a', 3], ['c', 4]]) f.append(k, v);
f.set('a', 'only');
show([...f], f[Symbol.iterator] === f.entries, [...f.values()]);

/// form_data_as_a_body
const f = new FormData();
f.append('field', 'value\nline'); f.append('q"uote', 'x'); f.append('file', new File(['content'], 'na"me.txt', { type: 'text/plain' }));
const r = new Response(f);
const type = r.headers.get('content-type');
const boundary = type.split('boundary=')[1];
show(type.startsWith('multipart/form-data; boundary='), (await r.text()).replaceAll(boundary, 'B').split('\r\n'));

/// form_data_round_trip
const f = new FormData();
f.append('a', 'é'); f.append('f', new File(['x\r\ny'], 'f.txt', { type: 'text/plain' }));
const back = await new Response(f).formData();
show(back.get('a'), back.get('f').name, back.get('f').type, await back.get('f').text());

/// readable_stream_basics
const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } });
const r = s.getReader();
show(s.locked, await r.read(), await r.read(), await r.read(), thrown(() => s.getReader()), r.releaseLock(), s.locked);

/// readable_stream_errors_and_cancel
const s = new ReadableStream({ start(c) { c.error(new RangeError('r')); } });
show(await rejected(s.getReader().read()));
const log = [];
const t = new ReadableStream({ cancel(why) { log.push(why); } });
await t.cancel('enough');
show(log, await t.getReader().read());

/// readable_stream_pull
let n = 0;
const s = new ReadableStream({ pull(c) { if (n < 3) c.enqueue(n++); else c.close(); } });
const out = [];
for await (const x of s) out.push(x);
show(out);

/// readable_stream_tee
const [a, b] = new ReadableStream({ start(c) { c.enqueue('x'); c.close(); } }).tee();
show(await a.getReader().read(), await b.getReader().read());
