// Where the lines of a shown value break.

const QUOTE_FREE = /[\x00-\x1f\x27\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const WITH_QUOTE = /[\x00-\x1f\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const SHORT = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\', "'": "\\'" };

// A text in the quotes that need the fewest escapes.
export function escapeText(value) {
  let quote = "'";
  if (value.includes("'")) {
    if (!value.includes('"')) quote = '"';
    else if (!value.includes('`') && !value.includes('${')) quote = '`';
  }
  return quote + value.replace(quote === "'" ? QUOTE_FREE : WITH_QUOTE, escapeUnit) + quote;
}
function escapeUnit(char) {
  if (SHORT[char] !== undefined) return SHORT[char];
  const unit = char.charCodeAt(0);
  return unit < 256 ? `\\x${unit.toString(16).toUpperCase().padStart(2, '0')}` : `\\u${unit.toString(16)}`;
}

// On one line if it holds at most `compact` levels and fits, otherwise one line for each entry.
export function arrange(ctx, output, { base, start, end, level, grew }) {
  const head = base === '' ? start : `${base} ${start}`;
  if (ctx.compact === true) return `${head} ${output.join(', ')} ${end}`;
  if (typeof ctx.compact === 'number' && ctx.compact >= 1 && ctx.level - level < ctx.compact && !grew) {
    const width = output.length + ctx.indentation + start.length + base.length + 10;
    if (fits(ctx, output, width, base)) {
      const line = output.join(', ');
      if (!line.includes('\n')) return `${head} ${line} ${end}`;
    }
  }
  const indentation = `\n${' '.repeat(ctx.indentation)}`;
  return `${head}${indentation}  ${output.join(`,${indentation}  `)}${indentation}${end}`;
}

function fits(ctx, output, width, base) {
  let total = output.length + width;
  if (total + output.length > ctx.breakLength) return false;
  for (const entry of output) {
    total += entry.length;
    if (total > ctx.breakLength) return false;
  }
  return base === '' || !base.includes('\n');
}

// Puts more than six short entries of a list into columns.
export function groupNumbers(ctx, output, value) {
  const hasMore = ctx.maxArrayLength < output.length;
  const count = hasMore ? output.length - 1 : output.length;
  const lengths = [];
  let total = 0, longest = 0;
  for (let i = 0; i < count; i++) {
    lengths.push(output[i].length);
    total += output[i].length + 2;
    if (output[i].length > longest) longest = output[i].length;
  }
  const widest = longest + 2;
  if (widest * 3 + ctx.indentation >= ctx.breakLength || !(total / widest > 5 || longest <= 6)) return output;
  const biased = Math.max(widest - 3 - Math.sqrt(widest - total / output.length), 1);
  const columns = Math.min(
    Math.round(Math.sqrt(2.5 * biased * count) / biased),
    Math.floor((ctx.breakLength - ctx.indentation) / widest),
    ctx.compact * 4,
    15,
  );
  if (columns <= 1) return output;
  const widths = [];
  for (let i = 0; i < columns; i++) {
    let width = 0;
    for (let j = i; j < output.length; j += columns) if (lengths[j] > width) width = lengths[j];
    widths.push(width + 2);
  }
  let right = value !== undefined;
  for (let i = 0; right && i < output.length; i++) right = typeof value[i] === 'number' || typeof value[i] === 'bigint';
  const rows = [];
  for (let i = 0; i < count; i += columns) {
    const last = Math.min(i + columns, count) - 1;
    let row = '';
    for (let j = i; j < last; j++) {
      const cell = `${output[j]}, `;
      row += right ? cell.padStart(widths[j - i]) : cell.padEnd(widths[j - i]);
    }
    row += right ? output[last].padStart(widths[last - i] - 2) : output[last];
    rows.push(row);
  }
  if (hasMore) rows.push(output[count]);
  return rows;
}
