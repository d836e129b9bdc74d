// What `fetch` asks of the node, and how answers, refusals and aborts look.
const attempt = async (label, run) => {
  try {
    console.log(label, await run());
  } catch (error) {
    console.log(label, error.name, error.code, error.message, error instanceof TypeError);
  }
};
const echo = 'https://host.test/echo';
(async () => {
  const request = new Request(echo, { method: 'POST', headers: { 'X-One': '1' }, body: new URLSearchParams({ a: 'x y', b: 'é' }) });
  await attempt('request', async () => (await fetch(request)).text());
  console.log('used', request.bodyUsed);
  await attempt('again', () => fetch(request));
  await attempt('init over request', async () => (await fetch(new Request(echo, { headers: { a: '1' } }), { method: 'put', body: 'b' })).text());
  await attempt('blob', async () => (await fetch(echo, { method: 'POST', body: new Blob(['xyz'], { type: 'a/b' }) })).text());
  const form = new FormData();
  form.append('name', 'value');
  form.append('file', new File(['content'], 'f.txt', { type: 'text/plain' }));
  await attempt('form', async () => (await fetch(echo, { method: 'POST', body: form })).text());
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('piece by '));
      controller.enqueue(new TextEncoder().encode('piece'));
      controller.close();
    },
  });
  await attempt('stream', async () => (await fetch(echo, { method: 'POST', body: stream, duplex: 'half' })).text());
  await attempt('url object', async () => (await fetch(new URL('/echo', 'https://host.test'), { headers: [['B', '1'], ['b', '2'], ['a', '3']] })).text());
  await attempt('patch', async () => (await fetch(echo, { method: 'patch', body: new Uint8Array([104, 105]).buffer })).text());
  await attempt('answer', async () => {
    const answer = await fetch('https://host.test/json');
    const twin = answer.clone();
    const parts = [];
    for await (const part of answer.body) parts.push(part.length);
    return [answer.type, answer.redirected, answer.bodyUsed, twin.bodyUsed, parts, await twin.json()];
  });
  await attempt('immutable', async () => (await fetch('https://host.test/json')).headers.set('a', 'b'));
  await attempt('head', async () => (await fetch('https://host.test/json', { method: 'HEAD' })).body);
  await attempt('refused', () => fetch('https://elsewhere.test/'));
  await attempt('relative', () => fetch('/path'));
  for (const redirect of ['manual', 'error', 'follow']) {
    await attempt(redirect, async () => {
      const answer = await fetch('https://host.test/moved', { redirect });
      return [answer.status, answer.ok, answer.type, answer.redirected, answer.url, answer.headers.get('location'), await answer.text()];
    });
    await attempt(redirect, async () => (await fetch('data:,here', { redirect })).text());
  }
  const controller = new AbortController();
  const open = fetch('https://host.test/slow/1', { signal: controller.signal });
  controller.abort();
  await attempt('aborted', () => open);
  await attempt('aborted before', () => fetch(echo, { signal: AbortSignal.abort(new Error('mine')) }));
  await attempt('random', () => crypto.getRandomValues(new Uint8Array(2)));
  await attempt('uuid', () => crypto.randomUUID());
  await attempt('generate', () => crypto.subtle.generateKey('Ed25519', true, ['sign']));
  await attempt('private', () => crypto.subtle.importKey('pkcs8', new Uint8Array(1), 'Ed25519', true, ['sign']));
})();
