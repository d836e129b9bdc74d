console.log(new TextEncoder().encode('aé✓😀\ud800'));
const decoder = new TextDecoder();
console.log(decoder.decode(new Uint8Array([0xef, 0xbb, 0xbf, 97, 0xc3, 0xa9])), decoder.encoding);
console.log(decoder.decode(new Uint8Array([0xff, 97, 0xe2, 0x9c, 98, 0xf0, 0x9f, 0x98, 0xed, 0xa0, 0x80, 0xc0, 0x80])));
console.log(decoder.decode(new Uint16Array([0x6161]).buffer), decoder.decode());
try {
  new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]));
} catch (error) {
  console.log(error.name, error.message);
}
try {
  new TextDecoder('latin-99');
} catch (error) {
  console.log(error.name, error.message);
}
console.log(btoa('hello'), atob('aGVsbG8='));
