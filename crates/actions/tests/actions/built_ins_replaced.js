// An action may replace what it likes in its own instance; the runtime goes on with its own.
JSON.stringify = () => 'forged';
JSON.parse = () => ({ forged: true });
Promise.prototype.then = function () { return this; };
Map.prototype.get = () => undefined;
Array.prototype.push = () => 0;
globalThis.Promise = class {};
Object.prototype.error = { code: 'forged', message: 'forged' };
fetch('https://host.test/json').finally;
Lit.Actions.setResponse({ response: 'still here' });
