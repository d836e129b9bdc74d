// Prints cases for the native operations, one JSON array a line: operation, parts in hex (or numbers), and
// what OpenSSL says, in hex. Inputs are drawn from a seed, so a failure can be repeated.

import crypto from 'node:crypto';

const ROUNDS = 60;
const OP = {
  HASH: 0, HMAC: 1, PBKDF2: 2, HKDF: 3, SCRYPT: 4, ECDSA_VERIFY: 10, RSA_VERIFY: 11, ED25519_VERIFY: 12, AES_CBC: 14,
  AES_CTR: 15, AES_GCM: 16,
};
const HASHES = { sha1: 1, sha256: 2, sha384: 3, sha512: 4, ripemd160: 5 };

let state = 0x2545f491;
function below(n) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}
const random = (length) => Buffer.from(Array.from({ length }, () => below(256)));
const data = () => random(below(4) === 0 ? below(4) : below(400));
function emit(op, parts, out) {
  const shown = parts.map((part) => (typeof part === 'number' ? part : Buffer.from(part).toString('hex')));
  console.log(JSON.stringify([op, shown, Buffer.from(out).toString('hex')]));
}
// A verification, once as it is and once with a flipped bit somewhere.
function verification(op, parts, flip) {
  emit(op, parts, [1]);
  const spoiled = Buffer.from(parts[flip]);
  spoiled[below(spoiled.length)] ^= 1 << below(8);
  emit(op, parts.with(flip, spoiled), [0]);
}

const curves = { 'prime256v1': 1, secp384r1: 2 };
const rsa = [1024, 2048, 3072].map((modulusLength) => crypto.generateKeyPairSync('rsa', { modulusLength }));

for (let round = 0; round < ROUNDS; round++) {
  for (const [name, number] of Object.entries(HASHES)) {
    const [key, message, salt] = [data(), data(), data()];
    emit(OP.HASH, [number, message], crypto.createHash(name).update(message).digest());
    emit(OP.HMAC, [number, key, message], crypto.createHmac(name, key).update(message).digest());
    const [iterations, length] = [1 + below(30), 1 + below(150)];
    emit(OP.PBKDF2, [number, key, salt, iterations, length], crypto.pbkdf2Sync(key, salt, iterations, length, name));
    emit(OP.HKDF, [number, key, salt, message, length], Buffer.from(crypto.hkdfSync(name, key, salt, message, length)));
  }
  const [N, r, p, length] = [2 ** (1 + below(6)), 1 + below(4), 1 + below(4), 1 + below(90)];
  const [password, salt] = [data(), data()];
  emit(OP.SCRYPT, [password, salt, N, r, p, length], crypto.scryptSync(password, salt, length, { N, r, p }));

  for (const size of [16, 24, 32]) {
    const [key, iv, text, associated] = [random(size), random(16), data(), data()];
    const cbc = crypto.createCipheriv(`aes-${size * 8}-cbc`, key, iv);
    const ciphertext = Buffer.concat([cbc.update(text), cbc.final()]);
    emit(OP.AES_CBC, [1, key, iv, text], ciphertext);
    emit(OP.AES_CBC, [0, key, iv, ciphertext], text);
    if (round % 3 === 0) iv.fill(0xff, 4);
    const ctr = crypto.createCipheriv(`aes-${size * 8}-ctr`, key, iv);
    emit(OP.AES_CTR, [key, iv, 128, text], Buffer.concat([ctr.update(text), ctr.final()]));
    const [nonce, tagLength] = [random(1 + below(40)), [4, 8, 12, 13, 14, 15, 16][below(7)]];
    const options = { authTagLength: tagLength };
    const used = below(2) ? random(12) : nonce;
    const sealer = crypto.createCipheriv(`aes-${size * 8}-gcm`, key, used, options).setAAD(associated);
    const sealed = Buffer.concat([sealer.update(text), sealer.final(), sealer.getAuthTag()]);
    emit(OP.AES_GCM, [1, key, used, text, associated, tagLength], sealed);
    emit(OP.AES_GCM, [0, key, used, sealed, associated, tagLength], text);
  }

  for (const [namedCurve, number] of Object.entries(curves)) {
    const { privateKey, publicKey } = crypto.generateKeyPairSync('ec', { namedCurve });
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    const point = spki.subarray(spki.length - (number === 1 ? 65 : 97));
    const hash = ['sha1', 'sha256', 'sha384', 'sha512'][below(4)];
    const message = data();
    const signature = crypto.sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const digest = crypto.createHash(hash).update(message).digest();
    verification(OP.ECDSA_VERIFY, [number, digest, signature, point], 2);
    const compressed = Buffer.concat([Buffer.from([2 + (point.at(-1) & 1)]), point.subarray(1, (point.length + 1) / 2)]);
    emit(OP.ECDSA_VERIFY, [number, digest, signature, compressed], [1]);
  }

  const pair = crypto.generateKeyPairSync('ed25519');
  const message = data();
  const raw = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  verification(OP.ED25519_VERIFY, [message, crypto.sign(null, message, pair.privateKey), raw], 1);

  const { privateKey, publicKey } = rsa[below(rsa.length)];
  const jwk = publicKey.export({ format: 'jwk' });
  const [n, e] = [Buffer.from(jwk.n, 'base64url'), Buffer.from(jwk.e, 'base64url')];
  for (const hash of ['sha1', 'sha256', 'sha384', 'sha512']) {
    const digest = crypto.createHash(hash).update(message).digest();
    const pkcs1 = crypto.sign(hash, message, { key: privateKey, padding: crypto.constants.RSA_PKCS1_PADDING });
    verification(OP.RSA_VERIFY, [1, HASHES[hash], digest, pkcs1, n, e, 0], 3);
    const saltLength = below(Math.min(60, n.length - digest.length - 2));
    const padding = crypto.constants.RSA_PKCS1_PSS_PADDING;
    const pss = crypto.sign(hash, message, { key: privateKey, padding, saltLength });
    verification(OP.RSA_VERIFY, [2, HASHES[hash], digest, pss, n, e, saltLength], 3);
    emit(OP.RSA_VERIFY, [2, HASHES[hash], digest, pss, n, e, saltLength + 1], [0]);
  }
}
