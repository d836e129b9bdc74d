// What a test file finds. It runs in the guest, before the test file and in the same script. Its lines are joined
// into one when the program is built, so that the test file's own lines keep their numbers: comments stand on
// lines of their own, and every statement ends with a semicolon.
(() => {
  const host = fetch, { stringify, parse } = JSON;
  const ask = async (question) => {
    const answer = await (await host('https://host.quorate.invalid/', { method: 'POST', body: stringify(question) })).json();
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  };
  const plain = (value) => {
    if (typeof value === 'bigint') return String(value);
    if (value instanceof Uint8Array) return '0x' + Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (Array.isArray(value)) return value.map(plain);
    if (value !== null && typeof value === 'object') {
      if (value instanceof RegExp || value instanceof Date) return String(value);
      if (typeof value._hex === 'string') return BigInt(value._hex).toString();
      return Object.fromEntries(Object.keys(value).sort().filter((key) => value[key] !== undefined).map((key) => [key, plain(value[key])]));
    }
    return value === undefined ? 'undefined' : typeof value === 'function' ? `function ${value.name}` : value;
  };
  const text = (value) => typeof value === 'string' ? value : stringify(plain(value), null, 2) ?? String(value);
  class AssertionError extends Error {
    constructor(message, expected, actual, compared) {
      super(message);
      if (compared) Object.assign(this, { expected: text(expected), actual: text(actual) });
    }
    get name() { return 'AssertionError'; }
  }
  const fail = (message, expected, actual, own) => { throw new AssertionError(own === undefined ? message : `${own}: ${message}`, expected, actual, true); };
  const same = (a, b) => stringify(plain(a)) === stringify(plain(b));
  const folded = (value) => typeof value === 'string' && /^0x[0-9a-f]*$/i.test(value) ? value.toLowerCase() : value;
  const fits = (wanted, actual) => {
    if (wanted instanceof RegExp) return wanted.test(String(actual));
    if (typeof wanted === 'function') return !!wanted(actual);
    const value = plain(wanted);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      return actual !== null && typeof actual === 'object' && Object.keys(wanted).every((key) => wanted[key] === undefined || fits(wanted[key], actual[key]));
    }
    if (Array.isArray(value)) return Array.isArray(actual) && value.length === actual.length && wanted.every((item, place) => fits(item, actual[place]));
    if (typeof wanted === 'number' || typeof wanted === 'bigint') return String(wanted) === String(actual);
    return folded(value) === folded(actual);
  };
  const outcomeOf = (value) => {
    if (value === null || typeof value !== 'object' || value.simulated !== true) throw new TypeError('this takes what `await simulate(…)` returned');
    return value;
  };
  const messageFits = (wanted, message) => typeof wanted === 'string' || wanted instanceof RegExp
    ? fits(wanted, message.text ?? message.bytes ?? message.message)
    : fits(wanted, message);
  const signatureFits = (wanted, signature) => {
    const { name, key, digest, message, tx, typedData, ...rest } = wanted;
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) throw new TypeError(`assertSigns does not know "${unknown}"`);
    return (name === undefined || fits(name, signature.name))
      && (key === undefined || [signature.key.pkp, signature.key.action, signature.public_key, signature.address].some((one) => one !== undefined && fits(key, one)))
      && (digest === undefined || fits(digest, signature.digest))
      && (message === undefined || messageFits(message, signature.message))
      && (tx === undefined || (signature.message.kind === 'evm_transaction' && fits(tx, signature.message)))
      && (typedData === undefined || (signature.message.kind === 'eip712' && fits(typedData, signature.message)));
  };
  const brief = ({ name, key, digest, message }) => ({ name, key, digest, message });
  const queue = [], filter = '@FILTER@';
  let running = false;
  const runAll = async () => {
    for (let place = 0; place < queue.length; place++) {
      const [name, body] = queue[place];
      const result = { result: name, ok: true };
      await ask({ begins: name });
      try {
        await body();
      } catch (error) {
        const isError = error !== null && typeof error === 'object' && 'message' in error;
        Object.assign(result, { ok: false, message: isError ? `${error.name}: ${error.message}` : text(error), expected: error?.expected, actual: error?.actual });
        result.stack = isError && typeof error.stack === 'string' ? error.stack : '';
      }
      await ask(result);
    }
  };
  const api = {
    test(name, body) {
      if (typeof name !== 'string' || typeof body !== 'function') throw new TypeError('test takes a name and a function');
      if (filter !== '' && !name.includes(filter)) return;
      queue.push([name, body]);
      if (!running) { running = true; Promise.resolve().then(runAll); }
    },
    simulate: (what) => ask({ simulate: what }),
    names: (what) => ask({ names: what }),
    readText: (path) => ask({ read: path }),
    readJson: async (path) => parse(await ask({ read: path })),
    assertSigns(outcome, wanted = {}, own) {
      const { signatures } = outcomeOf(outcome);
      const found = signatures.find((signature) => signatureFits(wanted, signature));
      if (found === undefined) fail(signatures.length === 0 ? 'nothing was signed' : 'no signature is like that', wanted, signatures.length === 1 ? brief(signatures[0]) : signatures.length === 0 ? outcome.error ?? outcome.response : signatures.map(brief), own);
      return found;
    },
    assertDenies(outcome, code, own) {
      const { signatures, refusals, error } = outcomeOf(outcome);
      if (signatures.length > 0) fail('something was signed', 'no signature', signatures.map(brief), own);
      const codes = [error?.code, error?.cause, ...refusals.map((refusal) => refusal.code)].filter((one) => one !== undefined);
      if (code !== undefined && !codes.includes(code)) fail('it was not denied for that reason', code, codes.length === 0 ? `${outcome.status}, response ${outcome.response}` : codes, own);
    },
    assertOpens(outcome, wanted, own) {
      const opened = outcomeOf(outcome).opened ?? [];
      if (opened.length === 0) fail('nothing was opened', wanted ?? 'an opened ciphertext', outcome.refusals, own);
      if (wanted !== undefined && !opened.some((one) => one.dataToEncryptHash === wanted || one.container === wanted)) fail('that was not opened', wanted, opened, own);
      return opened;
    },
    assertDenied(outcome, code = 'policy_denied', own) {
      const { opened = [], refusals } = outcomeOf(outcome);
      if (opened.length > 0) fail('something was opened', 'nothing opened', opened, own);
      const codes = refusals.filter((refusal) => refusal.call === 'decrypt').map((refusal) => refusal.code);
      if (!codes.includes(code)) fail('it was not denied for that reason', code, codes.length === 0 ? `${outcome.status}, response ${outcome.response}` : codes, own);
    },
    assertCompletes(outcome, own) {
      if (outcomeOf(outcome).status !== 'completed') fail('the action failed', 'completed', outcome.error, own);
      const { missing = [] } = outcome.fixtures ?? {};
      if (missing.length > 0) fail('the fixtures lack something', 'nothing missing', missing, own);
    },
    assertResponse(outcome, wanted, own) {
      const { response = null, status, error } = outcomeOf(outcome);
      if (status !== 'completed') fail('the action failed', wanted, error, own);
      if (typeof wanted === 'string' || wanted === null) {
        if (response !== wanted) fail('the response differs', wanted, response, own);
      } else if (wanted instanceof RegExp) {
        if (!wanted.test(response)) fail('the response does not match', wanted, response, own);
      } else {
        let parsed = response;
        try { parsed = parse(response); } catch { fail('the response is not JSON', wanted, response, own); }
        if (!same(parsed, wanted)) fail('the response differs', wanted, parsed, own);
      }
    },
    assert(value, own = 'this is not true') {
      if (!value) throw new AssertionError(own);
    },
    assertEqual(actual, expected, own) {
      if (!Object.is(actual, expected)) fail('the values differ', expected, actual, own);
    },
    assertDeepEqual(actual, expected, own) {
      if (!same(actual, expected)) fail('the values differ', expected, actual, own);
    },
    async assertThrows(body, wanted, own) {
      let thrown;
      try { await (typeof body === 'function' ? body() : body); } catch (error) { thrown = { error }; }
      if (thrown === undefined) fail('nothing was thrown', wanted ?? 'an error', 'no error', own);
      const message = thrown.error?.message ?? String(thrown.error);
      const matches = wanted === undefined || (wanted instanceof RegExp ? wanted.test(message) : message.includes(wanted));
      if (!matches) fail('another error was thrown', wanted, message, own);
      return thrown.error;
    },
  };
  for (const name of Object.keys(api)) Object.defineProperty(globalThis, name, { value: api[name], writable: true, configurable: true });
})();
