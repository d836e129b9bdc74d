// limits: response_bytes=10
try {
  Lit.Actions.setResponse({ response: '0123456789' });
  Lit.Actions.setResponse({ response: '0123456789a' });
} catch {
  Lit.Actions.setResponse({ response: 'caught' });
}
