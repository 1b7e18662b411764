import { bytes, figures, times as ratio } from '../figures.mjs';

export { bytes };
/** A column of shares has as many decimals in each row. */
export const percent = (fraction) => `${(100 * fraction).toFixed(1)} %`;
export const points = (difference) => `${difference < 0 ? '−' : '+'}${Math.abs(100 * difference).toFixed(1)}`;
export const figure = figures;
export const ms = (value) => `${figures(value)} ms`;
export const times = (value) => `${ratio(value)} ×`;

/** A markdown table; the first row is its head. */
export function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Where a table was measured, for the line above it. */
export const measuredOn = ({ machine, browser, date }) =>
  `${machine}${browser === undefined ? '' : `, Chromium ${browser.split('.')[0]}`}, ${date.slice(0, 10)}`;
