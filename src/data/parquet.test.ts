import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fromParquet } from './parquet.ts';

const golden = (name: string) =>
  new Blob([readFileSync(new URL(`./golden/parquet/${name}.parquet`, import.meta.url)) as Uint8Array<ArrayBuffer>]);
const all = (size: number) => Int32Array.from({ length: size }, (_, i) => i);
const numbers = async (...given: Parameters<typeof fromParquet>) => {
  const data = await fromParquet(...given);
  return Array.from((await data.read(all(data.size))).inputs['input']?.data ?? []);
};
const each = (count: number, of: (i: number) => number) => Array.from({ length: count }, (_, i) => of(i));

describe.each(['snappy', 'plain', 'groups'])('a file that is packed: %s', (name) => {
  test('gives examples of the chosen columns, and labels', async () => {
    const options = { columns: ['width', 'count', 'large', 'isOld'], label: 'kind', classes: ['dog', 'cat'] };
    const data = await fromParquet(golden(name), options);
    expect([data.size, data.hasLabels, data.inputs]).toEqual([10, true, { input: { shape: [4], dtype: 'float32' } }]);
    const { inputs, labels } = await data.read(all(10));
    const expected = Array.from({ length: 10 }, (_, i) => [i / 4, i * i - 5, i * 1e6, i % 3 === 0 ? 1 : 0]).flat();
    expect([...(inputs['input']?.data ?? [])]).toEqual(expected);
    expect([...labels]).toEqual([1, 0, 1, 0, -1, 0, 1, 0, 1, 0]);
  });

  test('is read from a row, and for some rows', async () => {
    const rows = { columns: ['count'], firstRow: 2, mostRows: 5 };
    expect(await numbers(golden(name), rows)).toEqual(each(5, (i) => (i + 2) ** 2 - 5));
    expect(await numbers(golden(name), { columns: ['count'], firstRow: 9, mostRows: 5 })).toEqual([76]);
  });

  test('gives times in milliseconds', async () => {
    expect(await numbers(golden(name), { columns: ['at'] })).toEqual(each(10, (i) => 1000 * i));
  });
});

test.each<[string, Parameters<typeof fromParquet>[1], string, RegExp]>([
  ['an empty cell', { columns: ['rare'] }, 'not-finite', /Row 9, column "rare" of the table is empty/],
  ['a text', { columns: ['kind'] }, 'not-finite', /"cat"/],
  ['a column that is not there', { columns: ['height'] }, 'invalid-option', /width, count, large/],
  ['no rows at all', { columns: ['count'], mostRows: 0 }, 'invalid-option', /mostRows/],
  ['a label that is no class', { columns: ['count'], label: 'kind', classes: ['fox'] }, 'class-mismatch', /"cat"/],
])('refuses %s', async (_, options, code, why) => {
  await expect(fromParquet(golden('snappy'), options)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(why),
  });
});

test('refuses what is no Parquet, cut short, or changed', async () => {
  const bytes = new Uint8Array(await golden('snappy').arrayBuffer());
  for (const bad of [new Uint8Array(0), new Uint8Array(100), bytes.slice(0, -20), bytes.slice(50)]) {
    await expect(fromParquet(bad)).rejects.toMatchObject({ code: 'file-invalid' });
  }
});

test('of a file of another packing says what would unpack it; with that it is read', async () => {
  const file = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data/flights-3m.parquet');
  const blob = new Blob([readFileSync(file) as Uint8Array<ArrayBuffer>]);
  const options = { columns: ['delay', 'distance'], mostRows: 3 };
  await expect(fromParquet(blob, options)).rejects.toMatchObject({
    code: 'file-invalid',
    message: expect.stringMatching(/ZSTD.*compressors/s),
  });
  const asked: number[] = [];
  const ZSTD = (_: Uint8Array, length: number) => {
    asked.push(length);
    throw new Error('It was asked.');
  };
  await expect(fromParquet(blob, { ...options, compressors: { ZSTD } })).rejects.toThrow(/It was asked/);
  expect(asked[0]).toBeGreaterThan(0);
});

test('can be cancelled', async () => {
  const signal = AbortSignal.abort();
  await expect(fromParquet(golden('plain'), { columns: ['count'], signal })).rejects.toMatchObject({
    name: 'AbortError',
  });
});
