const names = ['Deno', 'require', 'module', 'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'FinalizationRegistry',
  'Worker', 'XMLHttpRequest', 'WebSocket', 'Intl', 'std', 'os', 'bjson', 'print', 'gc', 'scriptArgs', 'LitTest', 'navigator', 'native'];
Lit.Actions.setResponse({ response: names.filter((name) => typeof globalThis[name] !== 'undefined').join(' ') });
console.log(Object.getOwnPropertyNames(globalThis).sort().join(' '));
