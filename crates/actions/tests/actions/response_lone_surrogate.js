Lit.Actions.setResponse({ response: 'a\ud800b\u{1f600}' });
