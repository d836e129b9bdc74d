/// text_encoder
const e = new TextEncoder();
show(e.encoding, hex(e.encode('')), hex(e.encode('aé€\u{1F600}')), hex(e.encode('\ud800a\udc00')), hex(e.encode()), hex(e.encode(undefined)), hex(e.encode(null)), hex(e.encode(5)), e.encode('a') instanceof Uint8Array, Object.prototype.toString.call(e), TextEncoder.length, thrown(() => TextEncoder()), thrown(() => e.encode(Symbol())), thrown(() => { 'use strict'; e.encoding = 'x'; }));

/// encode_into
const e = new TextEncoder();
for (const [s, n] of [['abc', 2], ['é', 1], ['aé', 3], ['\u{1F600}', 3], ['\u{1F600}', 4], ['\ud800', 3], ['', 0], ['a\u{1F600}b', 5]]) { const out = new Uint8Array(n); show(s, n, e.encodeInto(s, out), hex(out)); }
show(thrown(() => e.encodeInto('a', [])), thrown(() => e.encodeInto('a')));

/// encode_into_a_view
const buffer = new ArrayBuffer(6);
show(new TextEncoder().encodeInto('abcdef', new Uint8Array(buffer, 2, 3)), hex(buffer));

/// text_decoder_basics
const d = new TextDecoder();
show(d.encoding, d.fatal, d.ignoreBOM, d.decode(unhex('61c3a9e282acf09f9880')), d.decode(), d.decode(new ArrayBuffer(0)), d.decode(new DataView(unhex('6162').buffer)), d.decode(new Uint16Array([0x6261])), d.decode(unhex('616263').subarray(1)), Object.prototype.toString.call(d), thrown(() => d.decode('x')), thrown(() => d.decode([97])), thrown(() => d.decode(null)), thrown(() => TextDecoder()));

/// malformed_utf8
const d = new TextDecoder();
for (const h of ['80', 'c0', 'c080', 'c1bf', 'c2', 'c241', 'e0', 'e080', 'e09f80', 'e0a0', 'e0a041', 'eda080', 'edbfbf', 'ee8080', 'efbfbf', 'f0', 'f08080', 'f0908080', 'f09080', 'f48fbfbf', 'f4908080', 'f5808080', 'ff', 'fe', '61ff62', 'e282', 'f09f98', 'f09f9841', 'c3c3a9', 'f880808080', 'fc8080808080', '8080', 'e28228', '00']) show(h, d.decode(unhex(h)));

/// fatal
const d = new TextDecoder('utf-8', { fatal: true });
show(d.fatal, d.decode(unhex('c3a9')));
for (const h of ['80', 'c3', 'eda080', 'f4908080', '61ff', 'e282']) show(h, thrown(() => d.decode(unhex(h))));
show(d.decode(unhex('6f6b')));

/// byte_order_mark
show(new TextDecoder().decode(unhex('efbbbf61')), new TextDecoder('utf-8', { ignoreBOM: true }).decode(unhex('efbbbf61')), new TextDecoder().decode(unhex('efbbbfefbbbf61')), new TextDecoder().decode(unhex('61efbbbf')), new TextDecoder().decode(unhex('efbb')), new TextDecoder().decode(unhex('efbbbf')));

/// streaming
const d = new TextDecoder();
const out = [];
for (const h of ['e2', '82', 'ac61', 'f09f']) out.push(d.decode(unhex(h), { stream: true }));
out.push(d.decode(), d.decode(unhex('62')), d.decode(unhex('c3'), { stream: true }), d.decode(unhex('41')));
show(out);

/// streaming_of_the_byte_order_mark
const d = new TextDecoder();
show([d.decode(unhex('ef'), { stream: true }), d.decode(unhex('bb'), { stream: true }), d.decode(unhex('bf61')), d.decode(unhex('efbbbf62'))]);

/// labels
for (const l of ['utf8', 'UTF-8', ' utf-8 ', 'unicode-1-1-utf-8', 'utf-16le', 'utf-16', 'unicode']) show(l, thrown(() => new TextDecoder(l).encoding));
show(thrown(() => new TextDecoder('nope')), thrown(() => new TextDecoder('')), new TextDecoder(undefined).encoding, thrown(() => new TextDecoder(null)), thrown(() => new TextDecoder('utf-8\0')));

/// utf_16
const d = new TextDecoder('utf-16le');
show(d.decode(unhex('610062003dd800de')), d.decode(unhex('fffe6100')), d.decode(unhex('6100ff')), d.decode(unhex('3dd86100')));

/// latin1
show(thrown(() => new TextDecoder('latin1').encoding), thrown(() => new TextDecoder('latin1').decode(unhex('61e980'))));

/// atob
for (const s of ['', 'YQ==', 'YWI=', 'YWJj', 'YQ', 'YWI', ' Y Q = = ', 'YQ=', 'Y', '=', '====', 'YQ==YQ==', 'YR==', '+/+/', '-_-_', 'Y\nQ\t=\r=\f', 'é', 'YQ\u00a0==', 'A', 'AA', 'AAA', 'AAAA', 'AAAAA', '!', 'YWJ=', 'ab=c', 'YWJj====']) show(s, thrown(() => atob(s)));
show(thrown(() => atob()), atob(null), thrown(() => atob(undefined)), atob(1234), thrown(() => atob({})), thrown(() => atob(Symbol())));

/// btoa
for (const s of ['', 'a', 'ab', 'abc', '\0\xff', 'é', 'x'.repeat(20)]) show(s, btoa(s));
show(thrown(() => btoa('€')), thrown(() => btoa('\u0100')), btoa(null), btoa(undefined), btoa(12), btoa([1, 2]), thrown(() => btoa()), thrown(() => btoa(Symbol())));

/// base64_of_all_bytes
let s = '';
for (let i = 0; i < 256; i++) s += String.fromCharCode(i);
show(btoa(s), atob(btoa(s)) === s, atob.length, btoa.length);

/// decode_error_names
const e = thrown(() => atob('*'));
show(e.name, e.code, e instanceof DOMException, e instanceof Error, thrown(() => btoa('€')).name);

/// base64url_by_hand
const url = (b) => btoa(String.fromCharCode(...b)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
const back = (s) => Uint8Array.from(atob(s.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const bytes = Uint8Array.from({ length: 50 }, (_, i) => (i * 89) & 255);
show(url(bytes), hex(back(url(bytes))) === hex(bytes));

/// jwt_payload_by_hand
const token = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRMO2ZSIsImlhdCI6MTUxNjIzOTAyMn0.x';
const [head, body] = token.split('.').map((part) => { try { return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0)))); } catch (e) { return e; } });
show(head, body);

/// large_round_trip
const text = 'aé€\u{1F600}'.repeat(3000);
const bytes = new TextEncoder().encode(text);
show(bytes.length, new TextDecoder().decode(bytes) === text);

/// decoder_options_are_converted
show(new TextDecoder('utf8', { fatal: 1, ignoreBOM: '' }).fatal, new TextDecoder('utf8', undefined).fatal, new TextDecoder('utf8', null).fatal, thrown(() => new TextDecoder('utf8', 5)), new TextDecoder().decode(unhex('61'), null), new TextDecoder().decode(unhex('61'), {}));

/// decode_of_resizable_and_shared_ranges
const b = new ArrayBuffer(4, { maxByteLength: 8 });
new Uint8Array(b).set([97, 98, 99, 100]);
show(new TextDecoder().decode(b), new TextDecoder().decode(new Uint8Array(b, 1, 2)), (b.resize(2), new TextDecoder().decode(b)));

/// nul_and_control_characters
show(new TextDecoder().decode(unhex('00017f0a0d')), hex(new TextEncoder().encode('\0\x01\x7f\r\n')));
