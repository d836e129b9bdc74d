// Accepts an OpenID Connect ID token: fetches the provider's keys and checks signature, issuer, audience and time.
// Then the user's key signs what the user asked for; the token itself never leaves the nodes.
const ISSUER = 'https://login.example';
const AUDIENCE = 'quorate-example';

const fromBase64Url = (text) => Lit.Actions.uint8arrayFromString(text, 'base64url');

const go = async () => {
  const deny = (reason) => Lit.Actions.setResponse({ response: JSON.stringify({ ok: false, reason }) });
  const { header, payload } = jwt.decode(token, { complete: true });
  const { keys } = await (await fetch(`${ISSUER}/.well-known/jwks.json`)).json();
  const jwk = keys.find((key) => key.kid === header.kid);
  if (header.alg !== 'RS256' || jwk === undefined) return deny('key');
  const key = await crypto.subtle.importKey('jwk', jwk, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['verify']);
  const [signed, signature] = [token.slice(0, token.lastIndexOf('.')), token.slice(token.lastIndexOf('.') + 1)];
  const valid = await crypto.subtle.verify('RSASSA-PKCS1-v1_5', key, fromBase64Url(signature), new TextEncoder().encode(signed));
  if (!valid) return deny('signature');
  if (payload.iss !== ISSUER || payload.aud !== AUDIENCE || payload.email_verified !== true) return deny('claims');
  const now = Date.now() / 1000;
  if (!(payload.iat <= now + 60 && now < payload.exp)) return deny('time');
  await Lit.Actions.ethPersonalSignMessageEcdsa({ message: `${payload.sub}: ${message}`, publicKey, sigName: 'statement' });
  Lit.Actions.setResponse({ response: JSON.stringify({ ok: true, sub: payload.sub }) });
};
go();
