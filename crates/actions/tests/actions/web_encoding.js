// What is printed is what Node.js 20 prints, except as docs/actions.md lists: TextEncoder, TextDecoder, atob and btoa.
const hex = (b) => Buffer.from ? [...b].map((x) => x.toString(16).padStart(2, '0')).join('') : '';
const te = new TextEncoder();
for (const s of ['', 'abc', 'é€😀', '\ud800x', 'x\udc00', undefined]) console.log([...te.encode(s)].join());
console.log(te.encoding, [...te.encode()], [...te.encode(null)], [...te.encode(12)]);
for (const [s, n] of [['abc', 2], ['é€😀', 3], ['é€😀', 5], ['é€😀', 8], ['é€😀', 9], ['\ud800', 3], ['a😀', 4]]) { const d = new Uint8Array(n); const r = te.encodeInto(s, d);
console.log(r, [...d]); }
const dec = (label, opts, ...chunks) => { try { const d = new TextDecoder(label, opts); let out = ''; chunks.forEach((c, i) => { out += d.decode(new Uint8Array(c), { stream: i < chunks.length - 1 }) + '|'; }); return JSON.stringify(out) + d.encoding; } catch (e) { return e.name + ' ' + e.code; } };
console.log(dec('utf-8', {}, [0xef, 0xbb, 0xbf, 65]), dec('utf-8', { ignoreBOM: true }, [0xef, 0xbb, 0xbf, 65]), dec('utf8', {}, [0xf0, 0x9f], [0x98, 0x80]), dec('utf8', {}, [0xf0, 0x9f], [0x41]), dec('UTF-8', { fatal: true }, [0xff]), dec('utf-8', { fatal: true }, [0xc3]), dec('utf-8', { fatal: true }, [0xc3], [0xa9]));
console.log(dec('utf-8', {}, [0xef], [0xbb], [0xbf, 66]), dec('utf-8', {}, [0xe2, 0x82], [], [0xac]), dec('utf-8', {}, [0xe2, 0x28, 0xa1]), dec('utf-8', {}, [0xed, 0xa0, 0x80]), dec('utf-8', {}, [0xf4, 0x90, 0x80, 0x80]), dec('utf-8', {}, [0xc0, 0x80]), dec('utf-8', {}, [0xf0, 0x80]), dec('utf-8', {}, [0xf0, 0x90], [0x80]), dec('utf-8', {}, [0xe0], [0x80]));
console.log(dec('utf-16le', {}, [0x41, 0, 0x3d, 0xd8, 0, 0xde]), dec('utf-16', {}, [0xff, 0xfe, 0x41, 0]), dec('utf-16le', {}, [0x3d], [0xd8, 0], [0xde]), dec('utf-16le', {}, [0x3d, 0xd8]), dec('utf-16le', { fatal: true }, [0x3d, 0xd8]), dec('utf-16le', {}, [0x41]), dec('utf-16be', {}, [0, 0x41, 0x20, 0xac]), dec('ucs-2', {}, [1, 2]));
console.log(dec('latin1', {}, [0x41, 0xe9, 0xa0, 0xff]), dec('ascii', {}, [0x41, 0xff]), dec(' UTF-8\n', {}, [65]), dec('nope', {}, [65]), dec('windows-1252', {}, [0x80, 0x81, 0x9f]), dec('iso-8859-1', {}, [0x93]));
console.log(new TextDecoder().decode(), new TextDecoder().decode(new Uint8Array([65, 66]).buffer), new TextDecoder().decode(new DataView(new Uint8Array([65, 66, 67]).buffer, 1)), new TextDecoder('utf-8', { fatal: 1 }).fatal, new TextDecoder().ignoreBOM);
for (const f of [() => new TextDecoder().decode('str'), () => new TextDecoder('x'), () => new TextDecoder('utf-8', 5), () => TextEncoder(), () => te.encodeInto('a'), () => te.encodeInto('a', [])]) try { console.log(f()); } catch (e) { console.log(e.name, e.code); }
for (const s of ['aGk=', 'aGk', 'a', 'aGk==', ' aG k= ', '*', 'YQ==', 'YQ=', '', undefined, null, 'aa\u00a0']) try { console.log(JSON.stringify(atob(s))); } catch (e) { console.log(e.name, e.code, e.message, e instanceof DOMException); }
for (const s of ['hi', '', '\xff', '\u0100', undefined, 12]) try { console.log(btoa(s)); } catch (e) { console.log(e.name, e.code, e.message); }
try { atob(); } catch (e) { console.log(e.name, e.code); }
