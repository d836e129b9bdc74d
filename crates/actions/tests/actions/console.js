console.log('text', 1, 2n, true, null, undefined, Symbol('s'));
console.info({ a: 1, 'b c': [1, 'two', { d: {} }] }, [], {});
console.warn(new Uint8Array([1, 2]), new Map([['k', 1]]), new Set([1]), new Date());
console.error(new TypeError('bad'), function named() {}, class {});
console.debug([new Array(3), Array(200).fill(0).length]);
const ring = { name: 'ring' };
ring.self = ring;
console.log(ring);
