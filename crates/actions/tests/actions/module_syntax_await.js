Lit.Actions.setResponse({ response: await Promise.resolve('x') });
