const keys = {
  "RS": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuWG6Am+Ssi5gzFhsxldt\nCZhT6+oVWNP7ppd1wvZ24o7QlU9f9b7TOig86sZbzHTcdgytcCO0lzh05hqF+7Bn\nIdR7J2nzklEbjNR2uRqtDN/LwcLNAy/bZfLOZqqOuIEPhscVbi7y2LV62DruKIvQ\nnEo75jJtX3gAZr66f5hnlSgc1cvyFzBrsUfg9LCuLQPNYx1xs+JpOpI3pl6g8PAP\nnOavGrqV1HvYZJo6kArPmEgtxiS4cAiZCQgbDy0AZJsD2Zpu3c4lFvElK7gpakGB\nsFy4LpHEBsMboSnAvCrxnDNZNMHLjEPql+x2VUoOptVPH1mhUiTillqE3elO/t9x\nSQIDAQAB\n-----END PUBLIC KEY-----\n",
  "PS": {
    "kty": "RSA",
    "n": "uWG6Am-Ssi5gzFhsxldtCZhT6-oVWNP7ppd1wvZ24o7QlU9f9b7TOig86sZbzHTcdgytcCO0lzh05hqF-7BnIdR7J2nzklEbjNR2uRqtDN_LwcLNAy_bZfLOZqqOuIEPhscVbi7y2LV62DruKIvQnEo75jJtX3gAZr66f5hnlSgc1cvyFzBrsUfg9LCuLQPNYx1xs-JpOpI3pl6g8PAPnOavGrqV1HvYZJo6kArPmEgtxiS4cAiZCQgbDy0AZJsD2Zpu3c4lFvElK7gpakGBsFy4LpHEBsMboSnAvCrxnDNZNMHLjEPql-x2VUoOptVPH1mhUiTillqE3elO_t9xSQ",
    "e": "AQAB"
  },
  "ES256": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8qyo4gY8l0dxIVDik3nDR8CHj0GB\n+RXfOrNbDKCDHPtiT6CoPin1liVBBHTlvOyLOt39pjIBxJrBe6V9qPyzWQ==\n-----END PUBLIC KEY-----\n",
  "ES384": {
    "kty": "EC",
    "x": "P08Wpza2pLEbWHCMScZKmIPvpH2k7o71-WRtd4q-DtPeemm-ih93vGyqHZEST3lK",
    "y": "qqE3rO2Viv23dcgd46Bkh73Mk4x1IwnEIcoQn-Uo8RQhR9xviklitzLtqGXreEL5",
    "crv": "P-384"
  }
};
const tokens = {
  "RS256": "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0IiwiYXVkIjoiYXBwIiwic3ViIjoidXNlciIsImlhdCI6MTY5OTk5OTk5MCwiZXhwIjoxNzAwMDAwMDYwfQ.HY-XYzd0G5JxM7Vz4OtkrU2Py1HovL63R5VuJFefkuHdsa55vzrZ4VgHhnx-BRgLqInN9u3Q4kKWhoorQbKiV_CKDhcXT6rxHrMmfaMgrbQMuTUDoOvl-UmrMT5-eeRjFQUZAn0GLa4xDQSyq3lI7m6xxptEQKBKHZKjA499952xe_bqVrI0jWCvcEwCsQMltyfFADr1IwhAfVq2fT-fQ7BTXdhjg2YCMdd0-8ZJl_6S_ucgATAYexZvhET7M281bIYcpfV59wQooludp7R8Naa89lW5txoPDzCB5EWsTNBSySiHWGX01wMoou60umaAa4bMsxAXTtBMuyndgYnx8w",
  "RS384": "eyJhbGciOiJSUzM4NCIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0IiwiYXVkIjoiYXBwIiwic3ViIjoidXNlciIsImlhdCI6MTY5OTk5OTk5MCwiZXhwIjoxNzAwMDAwMDYwfQ.KLD_tyV0KQi7Ixu-lNch7YuYe6DwKrAmFnWb-gGkK0UnLQmv-m_4TIwcMC2h0kZx3UqRP5KCLwCOcQfENqcIbzVmFM9aWpaHFFiOKdnDVhq0XCtsNDnIlOwcsuJOxXIsFeIheF1djodOOnMfrcIdAf316tStNMzF7q1ES4BSBt9QMQ9TjF858a2JekTpluVz3v8b37dzW_6kQR8AZ3SMTtov174CgGBOO30DS0z_DqosjoLxtWkbAUUVJcHoVYwz63tPZT5sC2GMrXA3-IeeADkk0zfx07moBCBlIelV7aZTLrbsslQuStt6LImjBrLQVAig-4Z45EbETQYAsoj5sA",
  "RS512": "eyJhbGciOiJSUzUxMiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0IiwiYXVkIjoiYXBwIiwic3ViIjoidXNlciIsImlhdCI6MTY5OTk5OTk5MCwiZXhwIjoxNzAwMDAwMDYwfQ.q-MHlrfU6ZvSX01RIwwMBP2CndpQwCJBAXkhI1GaBRbv9uJqZTvh4G1Nx-B_GHbRwzsG31ZMyEAZiANEngM67a3bMTRNgTKB3bc7wdg0zU5wFQhhvHtfmE61bK0Ym6h30AhCLp96WgzUiHqyULt3Fx0gTrMOc4DvKrggAHw8WejdqdxQ6obSd7kffLZSaPnvPxwqOhCMdOv38AUNyn7YRdiT_JXaOqnF_2wM_Ei61_UUqIrduMEm_7RpyDQPVHjn43wUfEzEQIZVRO1b7cPze126H891ZDOPJassY0cGWUmNH7t_X93tBJf9_QVk6VJUSnP4CHoZlCmxbnZjjwdyKQ",
  "PS256": "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0IiwiYXVkIjoiYXBwIiwic3ViIjoidXNlciIsImlhdCI6MTY5OTk5OTk5MCwiZXhwIjoxNzAwMDAwMDYwfQ.FK831-hwet6go1GjYhEiUL5fxr5_f8VyA_aNCNdNtrKyAsIrt46DBUbJWJyPLK2zTp2ykniv2gUqCeTVNo37VGP_Fut9dCuyFw0GsEuut5x1FIkW9oUyweyoTTq0bqZ8QRFVtyx2bB2jr7tGJQ8hI91yCIzqnWkd858tRdZhoH1Hoq8NqRKUnhZDAWCt-nP6PNZwIgjtmiot3LLFkzvF9RHMyKcWuJN2j2gPPB1kRK4FEL_ZdIxl_L10QrVOr4UXzLvErPFlomsqszD_HSZQauL1fe08bwHJcsU2cjuXM7zBqmZgBV2S6KV5K6Ht0A8J9rr68hTfAC8FMlQkrD7-Vw",
  "PS384": "eyJhbGciOiJQUzM4NCIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0IiwiYXVkIjoiYXBwIiwic3ViIjoidXNlciIsImlhdCI6MTY5OTk5OTk5MCwiZXhwIjoxNzAwMDAwMDYwfQ.CkbHTyh3iekVsbmOi8e0coooTd4d0k7dcZ1JrTrP4dYT8EWXYjiSC43rLqvxcO5RMir3wzQwRxEwbkBSuP9Qt-O13H4_Dqk73sJGjKDAlA0QwgE63dgQtoWTBXMpsIVgD1MpQsRX2kML10U3P3Ql89GjZ0nJ_gvJS72fOHeH8-Bd3iakrPJejmzm_OJOkzFdqxL5CdYyOCxCjj9eHixEuEB-1p9GoikbCRndPr2ikQQMQvsGOPFQIXWDfcpuUSC6aBs3g8RuhhYFuOeq8hc-6O8m98Q_ytCaMEAlh5HINcTuAunmLKndZsC9mZuCuUlXo8tHohBsNKMWy3BFE2S0AA",
  "PS512": "eyJhbGciOiJQUzUxMiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0IiwiYXVkIjoiYXBwIiwic3ViIjoidXNlciIsImlhdCI6MTY5OTk5OTk5MCwiZXhwIjoxNzAwMDAwMDYwfQ.S5umKQV12--om9LjLbfPhoaNFyCV5Cep4mgMBOT7Db1xjqCJsoggq8qRCcP_T49TW5j4zr_YhjGTVftvtlL3f9h2ipdVtlg8ADBSBi8m_JNu93VgQZMXUi8CK0PvGM0NHo3OIB2-Ts4t7oPxhqLsv7aAyt47MXFtgZ5d_7_1U9CQJIs1maocXfQlfkVh0kuntnVzHmftj6gWl-IFnBrvhX7_cNJvDHXrqAoUq9Vsp5BaAKZBQOon02WO9Ak_hzFEXhfk-HQwVj4O88Bll8PcPU1_gcGBQ0-RJZ94mC252sYx2Pt-rVh5N4Lr7Hcsh35r91_SjEO_6UbJXzJJRo8dog",
  "ES256": "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0IiwiYXVkIjoiYXBwIiwic3ViIjoidXNlciIsImlhdCI6MTY5OTk5OTk5MCwiZXhwIjoxNzAwMDAwMDYwfQ.DSJRM_R5XhrpVFzEQuup2XfNXbyDmgxS-IrwFk4iud77-l_pgkrzB56bGtf2icZp6ltZN9YNpwmBRVPDU9SJ5A",
  "ES384": "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0IiwiYXVkIjoiYXBwIiwic3ViIjoidXNlciIsImlhdCI6MTY5OTk5OTk5MCwiZXhwIjoxNzAwMDAwMDYwfQ.kAkslALrZydkdhBNRj8U87Mqyy8_x49lixFAVbsufinmv9XqRSalA6NVPX7GgLUqYKyzCsAI3EBCFCL8MxEI10P5xjKKsEtCjjjgjmzFhJi8BVqiaBr6hfYaYKPilJb3"
};
const attempt = (name, go) => {
  try {
    console.log(name, JSON.stringify(go()));
  } catch (error) {
    console.log(name, `${error.name}: ${error.message}`);
  }
};
for (const algorithm of Object.keys(tokens)) {
  const key = keys[algorithm] ?? keys[algorithm.slice(0, 2)];
  const token = tokens[algorithm];
  const options = { algorithms: [algorithm], issuer: 'https://issuer.test', audience: 'app' };
  attempt(algorithm, () => jwt.verify(token, key, options).sub);
  attempt(`${algorithm} altered`, () => jwt.verify(token.slice(0, -6) + 'AAAAAA', key, options).sub);
}
const options = { algorithms: ['RS256'] };
attempt('no algorithms', () => jwt.verify(tokens.RS256, keys.RS).sub);
attempt('no algorithms, a public key for a secret', () => jwt.verify(jwt.sign({}, 'a secret'), keys.RS));
attempt('another algorithm', () => jwt.verify(tokens.PS256, keys.RS, options));
attempt('key of another kind', () => jwt.verify(tokens.RS256, keys.ES256, options));
attempt('issuer', () => jwt.verify(tokens.RS256, keys.RS, { ...options, issuer: 'other' }));
attempt('audience', () => jwt.verify(tokens.RS256, keys.RS, { ...options, audience: ['x', /^y/] }));
attempt('max age', () => jwt.verify(tokens.RS256, keys.RS, { ...options, maxAge: 5 }));
attempt('complete', () => jwt.verify(tokens.RS256, keys.RS, { ...options, complete: true }).header);
const secret = 'a secret';
const token = jwt.sign({ sub: 'user' }, secret, { expiresIn: '2h', issuer: 'me', keyid: 'k1' });
attempt('signed', () => token);
attempt('decoded', () => jwt.decode(token, { complete: true }));
attempt('no token', () => jwt.decode('nonsense'));
for (const algorithm of ['HS256', 'HS384', 'HS512']) {
  attempt(algorithm, () => jwt.verify(jwt.sign({ a: 1 }, secret, { algorithm }), secret, { algorithms: [algorithm] }));
}
attempt('other secret', () => jwt.verify(token, 'other', { algorithms: ['HS256'] }));
attempt('a public key as a secret', () => jwt.verify(token, keys.RS, { algorithms: ['HS256', 'RS256'] }));
attempt('none', () => jwt.verify('eyJhbGciOiJub25lIn0.e30.', '', { algorithms: ['none'] }));
attempt('ES512', () => jwt.verify('eyJhbGciOiJFUzUxMiJ9.e30.AAAA', keys.ES256, { algorithms: ['ES512'] }));
attempt('sign with a private key', () => jwt.sign({}, keys.RS, { algorithm: 'RS256' }));
const old = jwt.sign({ exp: 1_699_999_990 }, secret);
attempt('expired', () => jwt.verify(old, secret, { algorithms: ['HS256'] }));
attempt('expired, with tolerance', () => jwt.verify(old, secret, { algorithms: ['HS256'], clockTolerance: 11 }).exp);
attempt('expired, ignored', () => jwt.verify(old, secret, { algorithms: ['HS256'], ignoreExpiration: true }).exp);
attempt('not yet', () => jwt.verify(jwt.sign({}, secret, { notBefore: 60 }), secret, { algorithms: ['HS256'] }));
jwt.verify(token, (header, give) => give(null, header.kid === 'k1' ? secret : ''), { algorithms: ['HS256'] }, (error, value) => console.log('callback', error, value.iss));
jwt.verify(old, secret, { algorithms: ['HS256'] }, (error, value) => console.log('callback', error.name, error.expiredAt.toISOString(), value));
console.log(Object.isFrozen(jwt), new jwt.TokenExpiredError('x', 1) instanceof jwt.JsonWebTokenError);
// An option of another type would be added to a time, or be equal to no claim.
for (const [name, wrong] of Object.entries({
  clockTolerance: '60', clockTimestamp: '1', maxAge: Infinity, ignoreExpiration: 'no', ignoreNotBefore: 1, complete: 'yes',
  algorithms: 'HS256', issuer: {}, audience: 5, subject: ['user'], jwtid: 1, nonce: {},
})) {
  attempt(`verify, ${name}`, () => jwt.verify(old, secret, { algorithms: ['HS256'], ignoreExpiration: true, [name]: wrong }));
}
for (const [name, wrong] of Object.entries({ expiresIn: '2 moons', notBefore: {}, issuer: 5, noTimestamp: 'yes', header: 'x', keyid: 1, audience: {} })) {
  attempt(`sign, ${name}`, () => jwt.sign({}, secret, { [name]: wrong }));
}
for (const claim of ['iat', 'exp', 'nbf']) attempt(`sign, a text as ${claim}`, () => jwt.sign({ [claim]: '170' }, secret, { expiresIn: 60 }));
