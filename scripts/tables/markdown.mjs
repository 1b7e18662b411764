/** A markdown table; the first row is its head. */
export function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export const percent = (fraction) => `${(100 * fraction).toFixed(1)} %`;

/** Three significant digits, as far as whole numbers go. */
export function figure(value) {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export const ms = (value) => `${figure(value)} ms`;
export const bytes = (value) => (value >= 1e6 ? `${figure(value / 1e6)} MB` : `${figure(value / 1e3)} KB`);
export const times = (value) => `${figure(value)} ×`;

/** Where a table was measured, for the line above it. */
export const measuredOn = ({ machine, browser, date }) =>
  `${machine}${browser === undefined ? '' : `, Chromium ${browser.split('.')[0]}`}, ${date.slice(0, 10)}`;
