// How `console` shows a value.

import { entries, stringify, text } from '../core.js';
import { describe } from '../describe.js';

export function inspect(value, depth) {
  switch (typeof value) {
    case 'string':
      return depth === 0 ? value : stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'function':
      return `[Function: ${value.name || '(anonymous)'}]`;
    case 'object':
      break;
    default:
      return text(value);
  }
  if (value === null) return 'null';
  if (value instanceof Error) return describe(value);
  if (depth > 3) return '[…]';
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) value = [...value];
  if (Array.isArray(value)) {
    const shown = value.slice(0, 100).map((item) => inspect(item, depth + 1));
    if (value.length > 100) shown.push(`… ${value.length - 100} more`);
    return shown.length === 0 ? '[]' : `[ ${shown.join(', ')} ]`;
  }
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map) return `Map(${value.size}) ${inspect([...value], depth)}`;
  if (value instanceof Set) return `Set(${value.size}) ${inspect([...value], depth)}`;
  const members = entries(value).map(([name, member]) =>
    `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : stringify(name)}: ${inspect(member, depth + 1)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
