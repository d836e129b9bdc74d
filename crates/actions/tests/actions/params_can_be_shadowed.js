// params: {"value": 1, "list": [1, 2]}
const value = 2;
Lit.Actions.setResponse({ response: JSON.stringify([value, globalThis.value, jsParams.value, list]) });
