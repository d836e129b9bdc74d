// Puts `test/client.mjs` in the place of the client that the page loads from `/sdk/quorate.js`.
import { register } from "node:module";

const client = new URL("client.mjs", import.meta.url).href;
const resolve = `export const resolve = (name, context, next) => name === "/sdk/quorate.js" ? { url: ${JSON.stringify(client)}, shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(resolve)}`);
