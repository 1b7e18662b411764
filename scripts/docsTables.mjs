// The tables of docs/ and FEATURES.md, each written from a result file into the place that is marked for it:  node scripts/docsTables.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ANSWERERS } from './answeredBy.mjs';

const root = new URL('..', import.meta.url);
const read = (file) => readFileSync(new URL(file, root), 'utf8');

/**
 * File of the docs, name of the place, file of the results, and how they become a table.
 * @type {[file: string, name: string, results: string, table: (results: any) => string][]}
 */
export const TABLES = [
  ['docs/security.md', 'canary', 'benchmarks/results/canary.json', canaryTable],
  ['FEATURES.md', 'conformance', 'benchmarks/results/conformance.json', conformanceTable],
];

/** The file as it should be. Throws Error where it has no such place. */
export function withTables(file) {
  return TABLES.filter(([into]) => into === file).reduce((text, [, name, results, table]) => {
    const [begin, end] = [`<!-- ${name}, from ${results} -->`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${file} has no place for the table "${name}": ${begin} … ${end}`);
    return `${text.slice(0, from)}${begin}\n${table(JSON.parse(read(results)))}\n${text.slice(to)}`;
  }, read(file));
}

function canaryTable({ runs, rows }) {
  return table(
    ['the example meets', 'broken', 'told ε', `shown ε ≥, ${runs} + ${runs} runs`],
    rows.map(({ place, broken, epsilonTold, epsilonShown }) => [
      place,
      broken,
      epsilonTold.toFixed(2),
      epsilonShown.toFixed(2),
    ]),
  );
}

function conformanceTable({ browser, configurations, stock, engine }) {
  const levels = { relaxed: 'relaxed SIMD', simd: 'plain SIMD' };
  const head = Object.keys(configurations).map((name) => {
    const [level, threads] = name.split('/');
    return `${levels[level]}, ${threads} thread${threads === '1' ? '' : 's'}`;
  });
  const row = (name, of) => [name, ...Object.values(configurations).map((one) => of(one).toLocaleString('en'))];
  const answered = Object.entries(ANSWERERS).map(([who, text]) => row(`by ${text}`, (one) => one.answeredBy[who]));
  return table(
    [`${engine[0].toUpperCase()}${engine.slice(1)} ${browser.split('.')[0]}`, ...head],
    [
      row("pass with limbeck's kernels", ({ passed }) => passed),
      ...answered.filter(([, ...counts]) => counts.some((count) => count !== '0')),
      row('pass with tfjs-wasm as it is', () => stock.passed),
    ],
  );
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of new Set(TABLES.map(([into]) => into))) writeFileSync(new URL(file, root), withTables(file));
}
