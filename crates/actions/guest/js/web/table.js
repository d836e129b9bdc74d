// `console.table`.

import { inspect } from './inspect.js';

const INDEX = '(index)', VALUES = 'Values', ITERATION = '(iteration index)';

const cell = (value) => inspect(value, { maxArrayLength: 3, breakLength: Infinity, depth: value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 2 ? -1 : 0 });

export function table(data, properties) {
  if (properties !== undefined && !Array.isArray(properties)) throw new TypeError('The "properties" argument must be an instance of Array.');
  if (data instanceof Map) {
    const [keys, values] = [[], []];
    for (const [key, value] of data) {
      keys.push(cell(key));
      values.push(value);
    }
    if (properties === undefined) return draw([ITERATION, 'Key', VALUES], [keys.map((_, at) => `${at}`), keys, values.map(cell)]);
    return rowsOf(values.map((value, at) => [`${at}`, value]), properties, ITERATION);
  }
  if (data instanceof Set) return rowsOf([...data].map((value, at) => [`${at}`, value]), properties, ITERATION);
  return rowsOf(Object.keys(data).map((key) => [key, data[key]]), properties, INDEX);
}

function rowsOf(rows, properties, indexName) {
  const columns = new Map();
  const values = [];
  let hasValues = false;
  rows.forEach(([, row], at) => {
    if (row === null || (typeof row !== 'object' && typeof row !== 'function')) {
      values[at] = cell(row);
      hasValues = true;
      return;
    }
    for (const key of properties ?? Object.keys(row)) {
      const name = `${key}`;
      if (!columns.has(name)) columns.set(name, []);
      columns.get(name)[at] = Object.hasOwn(row, name) ? cell(row[name]) : '';
    }
  });
  const heads = [indexName, ...columns.keys()];
  const cells = [rows.map(([key]) => key), ...columns.values()];
  if (hasValues) {
    heads.push(VALUES);
    cells.push(values);
  }
  return draw(heads, cells);
}

function draw(heads, columns) {
  const count = columns[0].length;
  const widths = columns.map((column, at) => {
    let width = wide(heads[at]);
    for (let row = 0; row < count; row++) width = Math.max(width, wide(column[row] ?? ''));
    return width + 2;
  });
  const line = (left, middle, right) => left + widths.map((width) => '─'.repeat(width)).join(middle) + right;
  const row = (cells) => `│${cells.map((value = '', at) => ` ${value}${' '.repeat(widths[at] - 1 - wide(value))}`).join('│')}│`;
  const out = [line('┌', '┬', '┐'), row(heads), line('├', '┼', '┤')];
  for (let at = 0; at < count; at++) out.push(row(columns.map((column) => column[at])));
  return [...out, line('└', '┴', '┘')].join('\n');
}
function wide(value) {
  return [...value].length;
}
