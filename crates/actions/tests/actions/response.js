Lit.Actions.setResponse({ response: 'first' });
LitActions.setResponse({ response: String(1 + 1) });
