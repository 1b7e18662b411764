import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TABLES, withTables } from '../docsTables.mjs';

const root = new URL('../../', import.meta.url);
const docs = readdirSync(new URL('docs', root)).filter((name) => name.endsWith('.md'));

describe.each(docs)('docs/%s', (name) => {
  const text = readFileSync(new URL(`docs/${name}`, root), 'utf8');

  test('names tests that are there', () => {
    const named = [...text.matchAll(/`((?:src|e2e|scripts|wasm)\/[\w./-]+\.(?:ts|mjs))`/g)].map(
      ([, file]) => file as string,
    );
    expect(named.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
  });
});

test.each([...new Set(TABLES.map(([file]) => file))])('%s has the tables that its results give', (file) => {
  const text = readFileSync(new URL(file, root), 'utf8');
  expect(text, 'node scripts/docsTables.mjs writes them').toBe(withTables(file));
});
