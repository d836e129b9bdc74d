// params: {"toSign": [1, 2], "name": "n", "null": null}
Lit.Actions.setResponse({ response: 'unreachable: null is reserved' });
