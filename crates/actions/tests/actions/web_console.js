// What is printed is what Node.js 20 prints, except as docs/actions.md lists: the methods of console.
console.info('i'); console.debug('d', 1); console.count(); console.count('x'); console.count(); console.countReset(); console.count();
console.group('G', 1);
console.log('in\nner'); console.group();
console.log({ a: 1, b: [1, 2] }); console.groupEnd(); console.info('back'); console.groupEnd(); console.groupEnd();
console.log('out');
console.table([[1, 2], [3, 4]]); console.table([{ a: 1, b: 'x' }, { a: 2, c: true }]); console.table([1, 'a', { b: 2 }]); console.table({ r1: { c: 1 }, r2: { c: 2 } });
console.table([{ a: 1, b: 2 }], ['b']); console.table(new Map([['k', 1]])); console.table(new Set([1, 2])); console.table('str'); console.table([]); console.table([{ a: { b: 1 } }, { a: [1, 2, 3, 4] }]);
console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 }); console.dir({ a: 1 }); console.dir({ a: { b: { c: { d: 1 } } } }, { depth: null });
console.log(Object.keys(console).filter((k) => !['Console', 'profile', 'profileEnd', 'timeStamp', 'context', 'createTask'].includes(k) && !k.startsWith('_')).join());
console.log(Object.prototype.toString.call(console), console.log.name, console.log.length, console.error.name, console.info.name, console.table.length);
const { log } = console; log('detached');
console.log('%s:%s', 'a');
console.log('%i', '0x10', '%f');
console.log('%j', { a: [1] }); const o = {}; o.o = o;
console.log('%j', o);
