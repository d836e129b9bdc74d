/// digests
const data = new TextEncoder().encode('abc');
for (const a of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', 'sha-256', { name: 'SHA-256' }]) show(hex(await crypto.subtle.digest(a, data)));
show(hex(await crypto.subtle.digest('SHA-256', new Uint8Array())), (await crypto.subtle.digest('SHA-256', data)) instanceof ArrayBuffer);

/// digest_inputs
const b = unhex('00616263');
show(hex(await crypto.subtle.digest('SHA-256', b.subarray(1))), hex(await crypto.subtle.digest('SHA-256', b.buffer)), hex(await crypto.subtle.digest('SHA-256', new DataView(b.buffer, 1))), hex(await crypto.subtle.digest('SHA-256', new Uint16Array([1]))));

/// digest_failures
const name = async (f) => (await rejected(f)).name ?? 'none';
const data = new Uint8Array(1);
show(await name(() => crypto.subtle.digest('MD5', data)), await name(() => crypto.subtle.digest('SHA-256', 'text')), await name(() => crypto.subtle.digest('SHA-256')), await name(() => crypto.subtle.digest({}, data)), await name(() => crypto.subtle.digest(null, data)), await name(() => crypto.subtle.digest('SHA-256', [1])));

/// digest_takes_a_copy
const b = new Uint8Array([97, 98, 99]);
const p = crypto.subtle.digest('SHA-256', b);
b.fill(0);
show(hex(await p));

/// hmac_of_rfc_4231
const key = (h) => crypto.subtle.importKey('raw', unhex('0b'.repeat(20)), { name: 'HMAC', hash: h }, false, ['sign', 'verify']);
const data = new TextEncoder().encode('Hi There');
for (const h of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']) { const k = await key(h); const s = await crypto.subtle.sign('HMAC', k, data); show(h, hex(s), await crypto.subtle.verify('HMAC', k, s, data), await crypto.subtle.verify('HMAC', k, s.slice(1), data), await crypto.subtle.verify({ name: 'hmac' }, k, s, new Uint8Array(1))); }

/// hmac_long_key_and_empty_data
const k = await crypto.subtle.importKey('raw', new Uint8Array(200).fill(0xaa), { name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
show(hex(await crypto.subtle.sign('HMAC', k, new Uint8Array())), k.algorithm, k.type, k.extractable, k.usages, hex(await crypto.subtle.exportKey('raw', k)), Object.prototype.toString.call(k));

/// key_usage_failures
const name = async (f) => { const e = await rejected(f); return e.name ?? e; };
const k = await crypto.subtle.importKey('raw', new Uint8Array(16), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
show(await name(() => crypto.subtle.sign('HMAC', k, new Uint8Array())), await name(() => crypto.subtle.importKey('raw', new Uint8Array(16), { name: 'HMAC', hash: 'SHA-256' }, false, ['encrypt'])), await name(() => crypto.subtle.importKey('raw', new Uint8Array(16), { name: 'HMAC', hash: 'SHA-256' }, false, [])), await name(() => crypto.subtle.importKey('raw', new Uint8Array(0), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])), await name(() => crypto.subtle.importKey('raw', new Uint8Array(16), 'NOPE', false, ['sign'])), await name(() => crypto.subtle.importKey('raw', new Uint8Array(15), 'AES-GCM', false, ['encrypt'])), await name(() => crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, k, new Uint8Array())));

/// export_of_a_key_that_stays
const k = await crypto.subtle.importKey('raw', new Uint8Array(16), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
show((await rejected(crypto.subtle.exportKey('raw', k))).name);

/// algorithm_is_checked_before_the_key
const k = await crypto.subtle.importKey('raw', new Uint8Array(16), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
show((await rejected(crypto.subtle.encrypt('AES-GCM', k, new Uint8Array()))).name);

/// jwk_hmac
const k = await crypto.subtle.importKey('jwk', { kty: 'oct', k: 'AQIDBAUGBwg', alg: 'HS256', ext: true }, { name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
show(hex(await crypto.subtle.sign('HMAC', k, new Uint8Array([1]))), hex(await crypto.subtle.exportKey('raw', k)), await crypto.subtle.exportKey('jwk', k));

/// aes_gcm_vectors
const cases = [['00000000000000000000000000000000', '000000000000000000000000', '', ''], ['00000000000000000000000000000000', '000000000000000000000000', '00000000000000000000000000000000', ''], ['feffe9928665731c6d6a8f9467308308', 'cafebabefacedbaddecaf888', 'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39', 'feedfacedeadbeeffeedfacedeadbeefabaddad2'], ['feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308', 'cafebabefacedbaddecaf888', 'd9313225f88406e5a55909c5aff5269a', 'feed']];
for (const [k, iv, data, aad] of cases) {
  const key = await crypto.subtle.importKey('raw', unhex(k), 'AES-GCM', false, ['encrypt', 'decrypt']);
  const algorithm = { name: 'AES-GCM', iv: unhex(iv), additionalData: unhex(aad) };
  const sealed = await crypto.subtle.encrypt(algorithm, key, unhex(data));
  show(hex(sealed), hex(await crypto.subtle.decrypt(algorithm, key, sealed)) === data);
}

/// aes_gcm_long_and_short_nonces
const key = await crypto.subtle.importKey('raw', unhex('feffe9928665731c6d6a8f9467308308'), 'AES-GCM', false, ['encrypt']);
for (const n of [12, 13, 16, 60]) { const got = await rejected(crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(n).fill(5) }, key, unhex('d9313225'))); show(n, got.name ?? hex(got.resolved)); }

/// aes_gcm_very_short_nonces
const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', false, ['encrypt']);
for (const n of [1, 8]) { const got = await rejected(crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(n) }, key, new Uint8Array(1))); show(n, got.name ?? hex(got.resolved)); }

/// aes_gcm_tag_lengths_and_failures
const key = await crypto.subtle.importKey('raw', new Uint8Array(32), 'AES-GCM', false, ['encrypt', 'decrypt']);
const name = async (f) => { const e = await rejected(f); return e.name ?? e; };
const iv = new Uint8Array(12);
for (const tagLength of [32, 64, 96, 104, 112, 120, 128]) show(tagLength, hex(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, tagLength }, key, new Uint8Array(3))));
const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new Uint8Array(3)));
sealed[0] ^= 1;
show(await name(() => crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed)), await name(() => crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, new Uint8Array(5))), await name(() => crypto.subtle.encrypt({ name: 'AES-GCM', iv, tagLength: 100 }, key, sealed)), await name(() => crypto.subtle.encrypt({ name: 'AES-GCM' }, key, sealed)), await name(() => crypto.subtle.encrypt('AES-GCM', key, sealed)));

/// aes_cbc
const key = await crypto.subtle.importKey('raw', unhex('2b7e151628aed2a6abf7158809cf4f3c'), 'AES-CBC', false, ['encrypt', 'decrypt']);
const algorithm = { name: 'AES-CBC', iv: unhex('000102030405060708090a0b0c0d0e0f') };
for (const n of [0, 1, 15, 16, 17]) { const sealed = await crypto.subtle.encrypt(algorithm, key, new Uint8Array(n).fill(7)); show(n, hex(sealed), hex(await crypto.subtle.decrypt(algorithm, key, sealed))); }
show((await rejected(crypto.subtle.decrypt(algorithm, key, new Uint8Array(16)))).name, (await rejected(crypto.subtle.decrypt(algorithm, key, new Uint8Array(15)))).name, (await rejected(crypto.subtle.encrypt({ name: 'AES-CBC', iv: new Uint8Array(8) }, key, new Uint8Array(1)))).name);

/// aes_ctr
const key = await crypto.subtle.importKey('raw', unhex('2b7e151628aed2a6abf7158809cf4f3c'), 'AES-CTR', false, ['encrypt', 'decrypt']);
const counter = unhex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
for (const length of [64, 128, 8]) show(length, hex(await crypto.subtle.encrypt({ name: 'AES-CTR', counter, length }, key, unhex('6bc1bee22e409f96e93d7e117393172aae2d8a57'))));
show((await rejected(crypto.subtle.encrypt({ name: 'AES-CTR', counter: new Uint8Array(15), length: 64 }, key, new Uint8Array(1)))).name);

/// hkdf_of_rfc_5869
const key = await crypto.subtle.importKey('raw', unhex('0b'.repeat(22)), 'HKDF', false, ['deriveBits', 'deriveKey']);
const derive = (hash, salt, info, bits) => crypto.subtle.deriveBits({ name: 'HKDF', hash, salt: unhex(salt), info: unhex(info) }, key, bits);
show(hex(await derive('SHA-256', '000102030405060708090a0b0c', 'f0f1f2f3f4f5f6f7f8f9', 336)), hex(await derive('SHA-256', '', '', 336)), hex(await derive('SHA-1', '', 'ff', 160)), hex(await derive('SHA-512', 'aa', '', 8)), (await rejected(derive('SHA-256', '', '', 255 * 256 + 8))).name);

/// pbkdf2
const key = await crypto.subtle.importKey('raw', new TextEncoder().encode('password'), 'PBKDF2', false, ['deriveBits', 'deriveKey']);
const derive = (hash, iterations, bits) => crypto.subtle.deriveBits({ name: 'PBKDF2', hash, salt: new TextEncoder().encode('salt'), iterations }, key, bits);
show(hex(await derive('SHA-1', 1, 160)), hex(await derive('SHA-1', 2, 160)), hex(await derive('SHA-256', 1000, 256)), hex(await derive('SHA-512', 3, 72)), (await rejected(derive('SHA-256', 0, 128))).name, (await rejected(crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', iterations: 1 }, key, 8))).name);

/// derive_key
const base = await crypto.subtle.importKey('raw', unhex('0102'), 'HKDF', false, ['deriveKey']);
const k = await crypto.subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new Uint8Array() }, base, { name: 'AES-GCM', length: 256 }, true, ['encrypt']);
show(hex(await crypto.subtle.exportKey('raw', k)), k.algorithm, k.usages, (await crypto.subtle.exportKey('jwk', k)).alg);

/// ecdsa_p256_verify
const jwk = { kty: 'EC', crv: 'P-256', x: 'YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y', y: 'eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk' };
const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify']);
const signature = unhex('efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8');
const data = new TextEncoder().encode('sample');
show(await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, data), await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-384' }, key, signature, data), await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, new Uint8Array(1)), await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature.slice(1), data), key.type, key.algorithm, key.usages);

/// ecdsa_key_forms
const raw = unhex('0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299');
const spki = unhex(`3059301306072a8648ce3d020106082a8648ce3d030107034200${hex(raw)}`);
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
const good = await rejected(crypto.subtle.importKey('raw', raw, algorithm, true, ['verify']));
const bad = raw.slice();
bad[64] ^= 1;
show(good.resolved === undefined ? good.name : good.resolved.type, (await rejected(crypto.subtle.importKey('raw', bad, algorithm, true, ['verify']))).name, (await rejected(crypto.subtle.importKey('spki', spki, algorithm, true, ['verify']))).resolved?.type, (await rejected(crypto.subtle.importKey('raw', raw, algorithm, true, ['encrypt']))).name);

/// ed25519_verify
const key = await crypto.subtle.importKey('raw', unhex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'), 'Ed25519', true, ['verify']);
const signature = unhex('92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00');
show(await crypto.subtle.verify('Ed25519', key, signature, unhex('72')), await crypto.subtle.verify('Ed25519', key, signature, unhex('73')), await crypto.subtle.verify('Ed25519', key, signature.slice(1), unhex('72')));

/// rsa_verify_of_a_wrong_signature
const jwk = { kty: 'RSA', e: 'AQAB', n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ' };
const key = await crypto.subtle.importKey('jwk', jwk, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, ['verify']);
show(await crypto.subtle.verify('RSASSA-PKCS1-v1_5', key, new Uint8Array(256), new Uint8Array(1)), key.algorithm, key.type);

/// rs256_of_rfc_7515
const url = (s) => Uint8Array.from(atob(s.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const jwk = { kty: 'RSA', e: 'AQAB', n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ' };
const token = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw';
const [head, body, signature] = token.split('.');
const key = await crypto.subtle.importKey('jwk', jwk, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['verify']);
show(await crypto.subtle.verify('RSASSA-PKCS1-v1_5', key, url(signature), new TextEncoder().encode(`${head}.${body}`)), await crypto.subtle.verify('RSASSA-PKCS1-v1_5', key, url(signature), new TextEncoder().encode(`${head}.${body}x`)));

/// shapes
show(Object.prototype.toString.call(crypto), Object.prototype.toString.call(crypto.subtle), typeof crypto.getRandomValues, typeof crypto.randomUUID, thrown(() => new CryptoKey()), thrown(() => new Crypto()), thrown(() => new SubtleCrypto()));

/// node_crypto_functions
show(typeof crypto.createHash, typeof crypto.randomBytes);

/// random_values
const a = crypto.getRandomValues(new Uint8Array(16));
show(a.length, thrown(() => crypto.getRandomValues(new Float32Array(1))).name);

/// random_values_of_all_kinds
for (const Kind of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array, Buffer]) {
  const given = Kind === Buffer ? Buffer.alloc(40) : new Kind(40);
  const taken = crypto.getRandomValues(given);
  show(taken === given, taken.constructor.name, new Set(new Uint8Array(taken.buffer, taken.byteOffset, taken.byteLength)).size > 10);
}
const part = new Uint8Array(1000);
crypto.getRandomValues(part.subarray(100, 900));
show(part.subarray(0, 100).every((byte) => byte === 0), part.subarray(900).every((byte) => byte === 0), new Set(part.subarray(100, 900)).size > 200);
show(crypto.getRandomValues(new Uint8Array(0)).length, crypto.getRandomValues(new Uint8Array(65536)).length);

/// random_values_of_wrong_arrays
for (const wrong of [new Float32Array(1), new Float64Array(100000), new DataView(new ArrayBuffer(1)), new ArrayBuffer(1), [1, 2], 'text', null, undefined, 7, {}, new Proxy(new Uint8Array(1), {})]) {
  const error = thrown(() => crypto.getRandomValues(wrong));
  show(error.name, error.code, error instanceof DOMException);
}
for (const large of [new Uint8Array(65537), new BigUint64Array(8193)]) {
  const error = thrown(() => crypto.getRandomValues(large));
  show(error.name, error.code, error.message, error instanceof DOMException);
}
show(thrown(() => crypto.getRandomValues()).code, thrown(() => (0, crypto.getRandomValues)(new Uint8Array(1))).code, thrown(() => (0, crypto.randomUUID)()).code);
show(crypto.getRandomValues.length, crypto.randomUUID.length, crypto.getRandomValues.name, crypto.getRandomValues.bind(crypto)(new Uint8Array(3)).length);

/// random_uuid
show(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()));
show(new Set(Array.from({ length: 100 }, () => crypto.randomUUID())).size, crypto.randomUUID({ disableEntropyCache: true }).length);

/// generate_key
show((await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign'])).type);

/// generate_key_of_aes
for (const name of ['AES-CBC', 'AES-CTR', 'AES-GCM', 'aes-gcm']) {
  for (const length of [128, 192, 256]) {
    const key = await crypto.subtle.generateKey({ name, length }, true, ['encrypt', 'decrypt', 'encrypt']);
    show(key, (await crypto.subtle.exportKey('raw', key)).byteLength);
  }
}
const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt', 'wrapKey']);
const iv = crypto.getRandomValues(new Uint8Array(12));
const secret = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new Uint8Array([1, 2, 3]));
show(new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, secret)), key.extractable);

/// generate_key_of_hmac
for (const algorithm of [{ hash: 'SHA-1' }, { hash: 'SHA-256' }, { hash: { name: 'sha-384' } }, { hash: 'SHA-512' }, { hash: 'SHA-256', length: 8 }, { hash: 'SHA-256', length: 4096 }]) {
  const key = await crypto.subtle.generateKey({ name: 'HMAC', ...algorithm }, true, ['verify', 'sign']);
  show(key.type, key.algorithm.name, key.algorithm.length, key.algorithm.hash.name, key.usages, (await crypto.subtle.exportKey('raw', key)).byteLength);
  const tag = await crypto.subtle.sign('HMAC', key, new Uint8Array(5));
  show(await crypto.subtle.verify('HMAC', key, tag, new Uint8Array(5)), await crypto.subtle.verify('HMAC', key, tag, new Uint8Array(6)));
}

/// generate_key_refused
const wrong = [
  [{ name: 'AES-GCM', length: 128 }, true, []], [{ name: 'AES-GCM', length: 100 }, true, ['encrypt']], [{ name: 'AES-GCM' }, true, ['encrypt']],
  [{ name: 'AES-GCM', length: 128 }, true, ['sign']], [{ name: 'AES-GCM', length: 128 }, true, ['bogus']], [{ name: 'AES-GCM', length: 128 }, true, 'encrypt'],
  [{ name: 'AES-GCM', length: 128 }], [{ name: 'HMAC', hash: 'SHA-256' }, true, []], [{ name: 'HMAC', hash: 'SHA-256' }, true, ['encrypt']],
  [{ name: 'HMAC' }, true, ['sign']], [{ name: 'HMAC', hash: 'MD5' }, true, ['sign']], [{ name: 'HMAC', hash: 'SHA-256', length: 0 }, true, ['sign']],
  [{ name: 'HMAC', hash: 'SHA-256', length: 12 }, true, ['sign']], ['HKDF', true, ['deriveKey']], ['PBKDF2', true, ['deriveKey']], ['SHA-256', true, []], ['none', true, []],
];
for (const given of wrong) {
  const error = await crypto.subtle.generateKey(...given).then(() => ({}), (error) => error);
  show(error.name, error.code);
}

/// webhook_check
const sign = async (secret, body) => { const k = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']); return `sha256=${hex(await crypto.subtle.sign('HMAC', k, new TextEncoder().encode(body)))}`; };
show(await sign("It's a Secret to Everybody", 'Hello, World!'));
