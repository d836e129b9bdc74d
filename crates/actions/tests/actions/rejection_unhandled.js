console.log('before');
Promise.reject(new Error('nobody listens'));
Lit.Actions.setResponse({ response: 'set, but the run failed' });
