let settle;
new Promise((resolve) => { settle = resolve; }).then(() => Lit.Actions.setResponse({ response: 'never' }));
