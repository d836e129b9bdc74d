// atob and btoa: the engine's, with the messages of Node.js.

import { needs } from './shape.js';

const { atob: decode, btoa: encode } = globalThis;
const Failure = DOMException;

export function atob(input) {
  needs(arguments, 1, 'atob');
  const given = `${input}`;
  try {
    return decode(given);
  } catch {
    const message = /[^A-Za-z0-9+/=\t\n\f\r ]/.test(given) ? 'Invalid character' : 'The string to be decoded is not correctly encoded.';
    throw new Failure(message, 'InvalidCharacterError');
  }
}

export function btoa(input) {
  needs(arguments, 1, 'btoa');
  const given = `${input}`;
  try {
    return encode(given);
  } catch {
    throw new Failure('Invalid character', 'InvalidCharacterError');
  }
}
