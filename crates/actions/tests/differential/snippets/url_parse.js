/// schemes
for (const s of ['http://a', 'HTTP://A', 'https:a', 'http:/a', 'http:///a', 'http:\\\\a', 'mailto:x@y', 'data:text/plain,hi', 'javascript:alert(1)', 'about:blank', 'file:///a', 'file:a', 'ftp://a', 'ws://a', 'wss://a/', 'a+b-c.d:x', '1a:x', '-a:x', ':x', 'http', 'http:', 'http://', 'x:', 'x:/', 'x://', 'x:///', 'blob:https://a/b', 'urn:isbn:1']) show(s, thrown(() => new URL(s).href));

/// all_parts
const u = new URL('https://user:pa%20ss@sub.example.com:8443/p/a/t/h/?query=string&a=1#hash');
show(['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'].map((k) => [k, u[k]]), String(u), JSON.stringify({ u }), u.searchParams.get('a'));

/// default_ports_go
for (const s of ['http://a:80', 'https://a:443/', 'ftp://a:21', 'ws://a:80', 'wss://a:443', 'http://a:443', 'https://a:80', 'x://a:80', 'http://a:', 'http://a:0', 'http://a:00080', 'http://a:65535', 'http://a:65536', 'http://a:-1', 'http://a:1x', 'http://a: 1', 'http://a:１', 'file://a:80']) show(s, thrown(() => new URL(s).href));

/// ipv4_hosts
for (const h of ['127.0.0.1', '127.1', '0x7f.1', '0177.0.0.1', '2130706433', '0x7f000001', '017700000001', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.256', '4294967295', '4294967296', '0', '0x', '0x.0x', '1.2.3.4.', '1..2', '1.2.3.08', '09', '00.0', '0xg', '1.2.3.4x', 'x.1', 'x.0x1', '１２７.0.0.1', '127.0.0.1%2e', '%31.2.3.4', '1e3', '0.0.0.0', '10.1', '192.168.257']) show(h, thrown(() => new URL(`http://${h}/`).hostname));

/// ipv6_hosts
for (const h of ['::1', '::', '2001:db8::1', '2001:DB8:0:0:1:0:0:1', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7', '1::2::3', '::ffff:1.2.3.4', '::1.2.3.4', '::ffff:127.0.0.1', '1:2:3:4:5:6:1.2.3.4', '::1.2.3', '::1.2.3.256', '::00001', '12345::', '::g', 'fe80::1%25eth0', 'fe80::1%eth0', '1:0:0:2:0:0:0:3', '0:0:0:0:0:0:0:0', '::1%', ':1', '1:', '64:ff9b::1.2.3.4', '::FFFF:0:0']) show(h, thrown(() => new URL(`http://[${h}]/`).hostname));

/// brackets_that_are_wrong
for (const s of ['http://[::1', 'http://::1]', 'http://[::1]x/', 'http://[::1]:80/', 'http://[::1]:8080/', 'http://[]/', 'http://[[::1]]/', 'http://a[::1]/', 'http://[1.2.3.4]/']) show(s, thrown(() => new URL(s).href));

/// host_characters
for (const c of [' ', '!', '"', '#', '$', '%', '&', "'", '(', ')', '*', '+', ',', '-', '.', '/', ':', ';', '<', '=', '>', '?', '@', '[', '\\', ']', '^', '_', '`', '{', '|', '}', '~', '\x7f', '\0', '\t', '\n', '\x01']) show(c, thrown(() => new URL(`http://a${c}b/`).href), thrown(() => new URL(`x://a${c}b/`).href));

/// host_percent_decoding
for (const h of ['%41.com', 'a%2eb', 'a%2Fb', 'a%3ab', 'a%00b', 'a%20b', '%C3%A9.com', '%zz', '%', '%4', 'a%25b', '%EF%BC%A1.com', 'ex%61mple.com', '%2e', 'a%40b']) show(h, thrown(() => new URL(`http://${h}/`).host), thrown(() => new URL(`x://${h}/`).host));

/// international_hosts
for (const h of ['é.com', 'EXAMPLE.COM', 'bücher.de', 'faß.de', '日本語.jp', 'xn--bcher-kva.de', 'XN--BCHER-KVA.de', 'xn--a', 'xn--', 'a\u00adb.com', 'a\u200bb.com', 'a。b', 'ａ.com', '☃.net', '\u{1F4A9}.la', 'a\u200db.com', 'ἀ.gr', 'İ.com', '\u2126.com', 'a..b', '.a', 'a.', '-a.com', 'a-.com', 'a_b.com', 'ab--c.com', '\u0301a.com', 'א1.com', 'ا.com', `${'a'.repeat(64)}.com`, 'xn--iñvalid.com', 'xn--zn7c.com', '\ufffd.com', '\u0378.com']) show(h, thrown(() => new URL(`https://${h}/`).hostname));

/// digit_before_a_right_to_left_letter
show(thrown(() => new URL('https://1\u05d0.com/').hostname));

/// credentials
for (const s of ['http://u@h', 'http://u:p@h', 'http://:p@h', 'http://u:@h', 'http://@h', 'http://:@h', 'http://u@', 'http://u:p@', 'http://a@b@c', 'http://a:b:c@d', 'http://u%20:%41@h', 'http://é:ü@h', 'http://a/b@c', 'http://a?b@c', 'http://a#b@c', 'http://u;=p|@h', "http://u'\"<>@h", 'file://u@h', 'x://u:p@h', 'http://u:p@/x', 'x://u@']) show(s, thrown(() => new URL(s).href));

/// paths_with_dots
for (const p of ['/a/./b', '/a/../b', '/../a', '/a/..', '/a/.', '/./', '//a', '/a//b', '/a/b/../../../c', '/%2e/a', '/%2E%2e/a', '/a/%2e', '/.%2e/b', '/a/...', '/..a', '/.a', '/a/../', '/a/./', '/a%2f..', '/a\\b\\..\\c']) show(p, new URL(`http://h${p}`).pathname, new URL(`x://h${p}`).pathname);

/// dots_up_from_the_root_of_other_schemes
show(new URL('x://h/..').pathname, new URL('http://h/..').pathname);

/// path_characters
let all = '';
for (let i = 0x20; i < 0x80; i++) if (!'#?/\\'.includes(String.fromCharCode(i))) all += String.fromCharCode(i);
for (const s of ['http', 'x', 'file']) show(new URL(`${s}://h/${all}`).pathname, new URL(`${s}://h/?${all}`).search, new URL(`${s}://h/#${all}`).hash, thrown(() => new URL(`${s}:${all}`).pathname));

/// control_and_other_characters
show(new URL('http://h/\x00\x1f\x80é\u{1F600}').href, new URL('http://h/?\x00\x1f\x80é\u{1F600}').href, new URL('http://h/#\x00\x1f\x80é\u{1F600}').href, new URL('http://h/\ud800a?\udc00#\ud800').href, new URL('x:\x01é').href, new URL('http://h/%zz%4%').href, new URL('http://h/%e9%C3%A9').href);

/// white_space_and_tabs_are_cut
for (const s of ['  http://a  ', '\thttp://a\n', 'ht\ntp://a', 'http:/\t/a/b\nc', 'http://a\t.b', '\x00http://a\x1f', '\u00a0http://a', 'http://a/ b ', 'http://a/\u00a0', 'http://a?q= ', 'x:a ', 'http://a/#  ']) show(s, thrown(() => new URL(s).href));

/// relative_references
const base = 'http://a/b/c/d;p?q#f';
for (const r of ['g', './g', 'g/', '/g', '//g', '?y', 'g?y', '#s', 'g#s', 'g?y#s', ';x', 'g;x', '', '.', './', '..', '../', '../g', '../..', '../../', '../../g', '../../../g', '/./g', '/../g', 'g.', '.g', 'g..', '..g', './../g', './g/.', 'g/./h', 'g/../h', 'http:g', 'http:/g', 'https:g', '\\g', '\\\\g\\h', 'x:g', '?', '#', '//', '//g:80', ':g', 'g:h', '%2e%2e/g', '@x', '//u@g']) show(r, thrown(() => new URL(r, base).href));

/// relative_with_three_slashes
show(['///g', '////g'].map((r) => thrown(() => new URL(r, 'http://a/b').href)));

/// relative_to_odd_bases
for (const b of ['data:text/plain,x', 'mailto:a@b', 'x:', 'x:/a/b', 'x://h', 'file:///a/b', 'about:blank', 'http://h', 'x://h/a/b?q', 'blob:http://h/1', 'javascript:1']) show(b, ['c', '/c', '?c', '#c', '//c', ''].map((r) => thrown(() => new URL(r, b).href)));

/// bases_that_are_no_urls
show(thrown(() => new URL('a')), thrown(() => new URL('a', 'b')), thrown(() => new URL('http://x', 'not a base')), thrown(() => new URL()), thrown(() => new URL('http://a', undefined)).returned?.href, thrown(() => new URL('', 'http://a')).returned?.href, thrown(() => new URL(undefined, 'http://a')).returned?.href, thrown(() => new URL(null, 'http://a/b/c')).returned?.href, new URL({ toString: () => 'http://o' }).href, new URL(new URL('http://a/b'), new URL('http://c')).href, thrown(() => URL('http://a')), thrown(() => new URL(Symbol())));

/// invalid_url_error
const e = thrown(() => new URL('nope'));
show(e, e instanceof TypeError, e.name);

/// file_urls
for (const s of ['file:', 'file:/', 'file://', 'file:///', 'file:///C:/a', 'file://C:/a', 'file:C:/a', 'file:///a/../C:/b', 'file:///C:/../..', 'file://host/a', 'file://localhost/a', 'file:\\\\a\\b', 'file:///a?b#c', 'file://%41/a', 'file://h:1/a', 'file:///C:', 'file:c|', 'file:///%43:/x']) show(s, thrown(() => new URL(s).href));
for (const r of ['D:/x', '/x', '//h/x', '?q', '#f', '', 'x', '..', 'D|/x', '/D:/x', '///x']) show(r, thrown(() => new URL(r, 'file:///C:/a/b').href));

/// file_urls_with_a_bar_or_four_slashes
show(new URL('file:///C|/a').href, new URL('file:////a').href);

/// opaque_paths
for (const s of ['mailto:a b?c d#e f', 'data:a/../b', 'x:a/./b', 'x:a\\b', 'x:a?b?c#d#e', 'x:é"<>`{}', 'x: a', 'x:a ?b', 'x:a #b', 'x:%41%zz', 'data:,a%20b c', 'tel:+1-2', 'x:a\nb']) { const u = new URL(s); show(s, u.href, u.pathname, u.search, u.hash, u.origin, u.host); }

/// special_and_other_slashes
for (const s of ['http:a', 'http:a/b', 'http:/a/b', 'http:////a/b', 'http:\\a', 'http:/\\a', 'http://a\\b', 'x:\\a', 'x:/\\a', 'x://a\\b', 'https:///////////////a', 'http://a//', 'ws:///a', 'http:?q', 'http:#f']) show(s, thrown(() => new URL(s).href));

/// origins
for (const s of ['http://A:80/x', 'https://a:8443', 'ftp://a', 'ws://a:81', 'file:///a', 'data:,x', 'blob:http://h:1/x', 'blob:x', 'blob:file:///x', 'x://h', 'about:blank', 'https://bücher.de']) show(s, new URL(s).origin);

/// origins_of_odd_blobs
show(['blob:ftp://h/x', 'blob:blob:http://h/x', 'blob:ws://h/'].map((s) => new URL(s).origin));

/// query_encoding
show(new URL("http://h/?a=b'c\"d<e>f`g{h}i^j|k").search, new URL("x://h/?a'b").search, new URL('http://h/?é=ü&\u{1F600}').search, new URL('http://h/?%zz%20+').search, new URL('http://h/??a?b').search, new URL('http://h/?a#b?c').search, new URL('http://h/?').search, new URL('http://h/?#').href, new URL('http://h/? a').search);

/// href_setter
const u = new URL('http://a/b?c#d');
u.href = 'https://x:1/y';
show(u.href, thrown(() => { u.href = 'nope'; }), u.href);

/// protocol_setter
for (const [s, v] of [['http://a', 'https'], ['http://a', 'https:foo'], ['http://a:443', 'https'], ['http://a:80', 'https'], ['http://a', 'x'], ['x://a', 'http'], ['http://a', ''], ['http://a', '1x'], ['http://a', 'HTTPS'], ['file:///a', 'http'], ['http://u@a', 'file'], ['http://a:1', 'file'], ['x:a', 'y'], ['https://a', 'ws'], ['http://a', 'h ttp']]) { const u = new URL(s); u.protocol = v; show(s, v, u.href); }

/// host_and_hostname_setters
for (const [s, v] of [['http://a/b', 'c'], ['http://a:1/b', 'c'], ['http://a/b', 'c:2'], ['http://a/b', 'c:80'], ['http://a:1/b', 'c:'], ['http://a/b', ''], ['x://a/b', ''], ['http://a/b', 'c/d'], ['http://a/b', 'c?d'], ['http://a/b', 'c#d'], ['http://a/b', 'c\\d'], ['http://a/b', 'u@c'], ['http://a/b', '1.1'], ['http://a/b', '[::1]:3'], ['http://a/b', 'c:x'], ['http://a/b', 'c:3x'], ['http://a/b', 'É'], ['x:a', 'c'], ['file:///a', 'h'], ['file://h/a', ''], ['http://a/b', 'a b'], ['http://a/b', 'c:99999'], ['http://a/b', ':1']]) { const u = new URL(s), w = new URL(s); u.host = v; w.hostname = v; show(s, v, u.href, w.href); }

/// port_setter
for (const v of ['', '1', '80', '443', 80, '8080x', 'x', '-1', '65535', '65536', ' 1', '1.5', 1e4, '0', '000001', '\t2', null, undefined]) { const u = new URL('http://a:9/'); u.port = v; show(v, u.href); }
const m = new URL('mailto:x'), f = new URL('file:///a');
m.port = 1; f.port = 1;
show(m.href, f.href);

/// pathname_setter
for (const [s, v] of [['http://a/b', 'c'], ['http://a/b', '/c/../d'], ['http://a/b', ''], ['http://a/b?q', '/x?y#z'], ['x://a/b', ''], ['x://a/b', 'c'], ['x:a', '/b'], ['http://a', '\\x\\y'], ['x://h', '\\x'], ['http://a', 'é %zz'], ['http://a', '//b'], ['file:///C:/a', '/D:/b'], ['http://a', '%2e%2e/x'], ['http://a/b', '.']]) { const u = new URL(s); u.pathname = v; show(s, v, u.href, u.pathname); }

/// pathname_setter_with_two_slashes_and_no_host
const u = new URL('x:/a');
u.pathname = '//b';
show(u.href, u.pathname);

/// search_and_hash_setters
for (const v of ['', '?', 'a', '?a', '??a', 'a#b', "a'b", 'é "<>', '%zz', '#', '\t', 'a b&c=d']) { const u = new URL('http://h/?q#f'), w = new URL('x:p?q#f'); u.search = v; w.search = v; show(v, u.href, w.href); const h = new URL('http://h/?q#f'); h.hash = v; show(h.href, h.hash); }

/// username_and_password_setters
for (const v of ['', 'u', 'a:b', '@/', 'é', '%41', '%', "a'b|c"]) { const u = new URL('http://x:y@h/'), f = new URL('file:///a'), m = new URL('mailto:a'); u.username = v; f.username = v; m.password = v; show(v, u.href, f.href, m.href); u.password = v; show(u.href); }

/// setters_that_do_nothing
'use strict';
const u = new URL('http://a/');
show(thrown(() => { u.origin = 'x'; }), thrown(() => { u.searchParams = 'x'; }), u.href);

/// can_parse_and_statics
show(URL.canParse('http://a'), URL.canParse('a'), URL.canParse('a', 'http://b'), URL.canParse('x', 'y'), thrown(() => URL.canParse()), typeof URL.canParse(undefined, 'http://a'));

/// class_shape
const u = new URL('http://a');
show(Object.prototype.toString.call(u), Object.keys(u), Object.keys(URL.prototype).sort(), URL.length, u.toString === URL.prototype.toString, thrown(() => Object.getOwnPropertyDescriptor(URL.prototype, 'href').get.call({})), typeof u.searchParams, u.searchParams === u.searchParams, u.toJSON());

/// search_params_are_linked
const u = new URL('http://h/p?a=1&b=2#f');
const p = u.searchParams;
p.append('c', 'é &'); show(u.href);
p.delete('a'); show(u.href, u.search);
u.search = '?x=9'; show([...p], p.get('x'));
p.delete('x'); show(u.href, u.search);
u.href = 'http://k/?z=1'; show([...p]);
p.set('z', "'()~*!"); show(u.href);
p.sort(); show(u.href);

/// search_params_do_not_touch_until_changed
const u = new URL("http://h/?a=b'c~%20+%zz");
show(u.search, [...u.searchParams]);
u.searchParams.append('d', '');
show(u.search);

/// punycode_and_long_labels
show(new URL('http://münchen.example/').host, new URL('http://MÜNCHEN.example').host, new URL('http://xn--mnchen-3ya.example/').host, thrown(() => new URL(`http://${'a'.repeat(300)}/`).host.length), new URL(`http://h/${'x'.repeat(5000)}`).href.length);

/// empty_hosts_and_paths
for (const s of ['x:///a', 'x://', 'x:////a', 'x:/.//a', 'x:/..//a', 'x://h', 'x:/', 'x:.', 'x:..', 'x:a/..', 'x:/a/..', 'http://h', 'http://h?q', 'http://h#f', 'x://h?q', 'x://h#f', 'x:?q', 'x:#f']) { const u = new URL(s); show(s, u.href, u.host, u.pathname); }

/// action_like_addresses
for (const s of ['https://api.example.com/v1/price?ids=bitcoin,ethereum&vs_currencies=usd', 'https://user:token@host.example:8443/rpc', 'https://ipfs.io/ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG', 'ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi/a.json', 'ethereum:0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359@1?value=2.014e18', 'wss://relay.example.org', 'did:pkh:eip155:1:0xabc', 'ceramic://k2t6wyfsu4pfx']) { const u = new URL(s); show(u.href, u.origin, u.host, u.pathname, u.search); }
