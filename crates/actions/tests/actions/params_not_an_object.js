// params: [1]
Lit.Actions.setResponse({ response: 'unreachable' });
