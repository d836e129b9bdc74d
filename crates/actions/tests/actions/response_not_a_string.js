Lit.Actions.setResponse({ response: { a: 1 } });
