import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compared } from './table.mjs';
import { tablesOf } from './tables.mjs';

const folder = new URL('results/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const textOf = (name: string) => readFileSync(new URL(name, folder), 'utf8');

describe.each(files)('results/%s', (file) => {
  const result = JSON.parse(textOf(file));

  test('has the table and the pictures that it gives', () => {
    const tables = tablesOf(result, file.replace('.json', ''));
    for (const [name, text] of Object.entries(tables)) {
      expect(textOf(name), `node experiments/tables.mjs writes ${name}`).toBe(text);
    }
  });

  test('calls rows what the paired rule calls them', () => {
    const rows = JSON.parse(JSON.stringify(compared(result.rows, result.scored)));
    expect(result.rows).toEqual(rows);
  });

  test('was scored on digits that chose nothing, and candidates were not', () => {
    const isCandidate = ({ name }: { name: string }) => /, \d+ steps$/.test(name);
    if (result.scoredOn === 'test') expect(result.rows.filter(isCandidate)).toEqual([]);
    else expect(file).toBe('choices.json');
  });
});

test('a row that is better by less than its seeds differ is told as not shown', () => {
  const row = (name: string, accuracies: number[], baseline: string | null) => ({
    ...{ name, kind: 'response', setting: 'few', teacher: 'a reader', seeds: [1, 2, 3], accuracies },
    ...{ accuracyMean: accuracies.reduce((sum, value) => sum + value, 0) / 3, accuracyStdDev: 0.01 },
    ...{ baseline, addsTo: null, msPerRun: 1000, threads: 1, date: '2026-01-01T00:00:00Z', commit: 'abc' },
  });
  const rows = compared(
    [row('alone', [0.944, 0.9555, 0.9555], null), row('taught', [0.947, 0.961, 0.975], 'alone')],
    2000,
  );
  const about = { machine: 'a machine', browser: '1', quick: false, scoredOn: 'test', scored: 2000 };
  const { 'x.md': text, 'few.svg': picture } = tablesOf({ ...about, rows }, 'x') as Record<string, string>;
  expect(text).toContain('| taught | response | a reader | 96.1 ± 1.00 | 3 | 95.2 (alone) | +0.9 ± 2.2 | not shown |');
  // One ring is empty, that of the row.
  expect(picture?.match(/fill="#ffffff"\/>/g)?.length).toBe(2);
});
