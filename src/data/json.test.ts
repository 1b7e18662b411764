import { expect, test } from 'vitest';
import { fromCsv } from './csv.ts';
import { fromJson, readJsonRows } from './json.ts';

const all = (size: number) => Int32Array.from({ length: size }, (_, i) => i);
const rows = [
  { x: 1, kind: 'cat', y: 2, isOld: true },
  { x: 3, kind: 'dog', y: '40', isOld: false },
  { x: -5, kind: null, y: 0.5, isOld: true },
];
const options = { label: 'kind', classes: ['dog', 'cat'], columns: ['y', 'x', 'isOld'] } as const;

test.each<[string, string | typeof rows]>([
  ['a list', JSON.stringify(rows)],
  ['objects', rows],
  ['a line for each', rows.map((row) => JSON.stringify(row)).join('\r\n')],
  ['lines, the last one ended', `\uFEFF${rows.map((row) => `${JSON.stringify(row)}\n`).join('\n')}`],
])('reads %s', async (_, given) => {
  const data = fromJson(given as never, options);
  expect([data.size, data.hasLabels, data.inputs]).toEqual([3, true, { input: { shape: [3], dtype: 'float32' } }]);
  const { inputs, labels } = await data.read(all(3));
  expect([...(inputs['input']?.data ?? [])]).toEqual([2, 1, 1, 40, 3, 0, 0.5, -5, 1]);
  expect([...labels]).toEqual([1, 0, -1]);
});

test('gives what the same table gives as comma-separated text', async () => {
  const table = rows.map(({ x, kind, y }) => `${x},${kind ?? ''},${y}`).join('\n');
  const read = async (data: ReturnType<typeof fromJson>) => data.read(all(3));
  const own = { ...options, columns: ['y', 'x'] };
  expect(await read(fromJson(rows, own))).toEqual(await read(fromCsv(`x,kind,y\n${table}`, own)));
});

test.each<[string, string, object, string]>([
  ['no JSON', '{"a": 1', {}, 'shape-mismatch'],
  ['a bad line', '{"a": 1}\n{"a": }', {}, 'shape-mismatch'],
  ['an object', '{"a": 1}', {}, 'shape-mismatch'],
  ['a list of numbers', '[1, 2]', {}, 'shape-mismatch'],
  ['a list within', '[{"a": 1}, [2]]', {}, 'shape-mismatch'],
  ['an object without a field', '[{"a": 1, "b": 2}, {"a": 1}]', {}, 'shape-mismatch'],
  ['a text', '[{"a": "x"}]', {}, 'not-finite'],
  ['nothing', '[{"a": null}]', {}, 'not-finite'],
  ['an empty text', '[{"a": " "}]', {}, 'not-finite'],
  ['an object for a number', '[{"a": {}}]', {}, 'not-finite'],
  ['a column that is not there', '[{"a": 1}]', { columns: ['b'] }, 'invalid-option'],
  ['a column of every object', '[{"a": 1}]', { columns: ['toString'] }, 'invalid-option'],
  ['a label that is no class', '[{"a": 1, "k": "x"}]', { label: 'k', classes: ['y'] }, 'class-mismatch'],
  ['an unknown option', '[{"a": 1}]', { labels: 'a' }, 'invalid-option'],
])('refuses %s', (_, given, own, code) => {
  expect(() => fromJson(given, own)).toThrow(expect.objectContaining({ code }));
});

test('says which line is none', () => {
  expect(() => readJsonRows('{"a": 1}\n\n{"a": }')).toThrow(/line 3/);
});
