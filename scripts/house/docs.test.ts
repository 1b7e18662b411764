import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TABLES, withTables } from '../docsTables.mjs';

const root = new URL('../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');
const docs = readdirSync(new URL('docs', root)).filter((name) => name.endsWith('.md'));
const pages = ['README.md', 'FEATURES.md', ...docs.map((name) => `docs/${name}`)];
/** A measured number with its unit. */
const FIGURE = /\d(?:[.,]\d+)* ?(?:ms|µs|s|%|×|KB|MB|GB|GFLOP\/s|examples\/s|points)(?![\w/])/;

describe.each(docs)('docs/%s', (name) => {
  test('names tests that are there', () => {
    const named = [...read(`docs/${name}`).matchAll(/`((?:src|e2e|scripts|wasm)\/[\w./-]+\.(?:ts|mjs))`/g)].map(
      ([, file]) => file as string,
    );
    expect(named.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
  });
});

describe.each(pages)('%s', (page) => {
  test('has the tables that its results give', () => {
    expect(read(page), 'node scripts/docsTables.mjs writes them').toBe(withTables(page));
  });

  test('has no figures in a table that no script wrote', () => {
    expect(figuresByHand(read(page))).toEqual([]);
  });
});

test('every table of times comes from the same machine', () => {
  // The experiments tell accuracies alone, and name their machine beside them.
  const timed = TABLES.map(([, , file]) => file).filter((file) => !file.startsWith('experiments/'));
  const results = [...new Set(timed)].map((file) => JSON.parse(read(file)));
  const machines = results.flatMap(({ machine }) => (machine === undefined ? [] : [machine]));
  expect(machines.length).toBeGreaterThan(3);
  expect([...new Set(machines)]).toHaveLength(1);
});

test('a figure in a table by hand is found', () => {
  const written = '<!-- a, from b.json -->\n| 3 ms |\n<!-- end of a -->';
  expect(figuresByHand(`${written}\n| a step | 0.5 ms |\n| rank 4 | 10,000 steps |\n3 ms`)).toEqual([
    '| a step | 0.5 ms |',
  ]);
});

function figuresByHand(text: string): string[] {
  const others = text
    .replace(/<!-- (\w+), from \S+ -->[\s\S]*?<!-- end of \1 -->/g, '')
    // The survey's map: its last two columns are written, and what else it says in figures are bounds of tests.
    .replace(/^\|.*\| few \| all \|\n(?:\|.*\n)*/gm, '');
  return others.split('\n').filter((line) => line.startsWith('|') && FIGURE.test(line));
}
