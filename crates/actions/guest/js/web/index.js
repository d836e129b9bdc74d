// The web platform as an action sees it.

import { define, entries, unsupported } from '../core.js';
import { log } from './console.js';
import { TextDecoder, TextEncoder } from './encoding.js';
import { fetch } from './fetch.js';
import { Headers } from './headers.js';
import { Response } from './response.js';
import { clearTimeout, setInterval, setTimeout, tick } from './timers.js';

export { tick };

export function install() {
  const globals = {
    fetch,
    Headers,
    Response,
    setTimeout,
    setInterval,
    clearTimeout,
    clearInterval: clearTimeout,
    TextEncoder,
    TextDecoder,
    console: { log, info: log, debug: log, warn: log, error: log, trace: log },
    crypto: {
      getRandomValues: unsupported('crypto.getRandomValues'),
      randomUUID: unsupported('crypto.randomUUID'),
    },
  };
  for (const [name, value] of entries(globals)) define(name, value, true);
}
