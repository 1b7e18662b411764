import { expect, test } from 'vitest';
import type { NamedArrays } from '../../core/shape.ts';
import { batchOf, firstExamples, repeatExamples, runEmpty, runInParts } from './sessionBatches.ts';

/** Examples 0, 1, 2 … of two values each. */
const rows = (count: number) => ({
  x: { data: Float32Array.from({ length: 2 * count }, (_, i) => i), shape: [count, 2] },
});

/** Sums each example, and keeps the sizes that it was given. */
function summing() {
  const sizes: number[] = [];
  const run = async ({ x }: NamedArrays): Promise<NamedArrays> => {
    const [batch = 0] = x?.shape ?? [];
    sizes.push(batch);
    const sum = (b: number) => (x?.data[2 * b] ?? 0) + (x?.data[2 * b + 1] ?? 0);
    return { sum: { data: Float32Array.from({ length: batch }, (_, b) => sum(b)), shape: [batch] } };
  };
  return { run, sizes };
}

test('no examples give outputs without rows, where outputs have one row an example', async () => {
  const { run, sizes } = summing();
  const outputs = await runEmpty(run, { x: { data: new Float32Array(0), shape: [0, 2] } });
  expect(outputs).toEqual({ sum: { data: new Float32Array(0), shape: [0] } });
  expect(sizes).toEqual([2]);
  const whole = async () => ({ sum: { data: Float32Array.of(1), shape: [1] } });
  expect(await runEmpty(whole, { x: { data: new Float32Array(0), shape: [0, 2] } })).toBeUndefined();
});

test.each([
  ['a model that takes one at a time', 3, { fixed: 1 }, [1, 1, 1]],
  ['a fixed size that fits', 8, { fixed: 4 }, [4, 4]],
  ['a last part that is filled up', 5, { fixed: 4 }, [4, 4]],
  ['a batch that is too small', 2, { fixed: 8 }, [8]],
  ['a largest size', 5, { largest: 2 }, [2, 2, 1]],
  ['a batch below the largest', 3, { largest: 4 }, [3]],
  ['no limit', 7, {}, [7]],
])('%s gives what the whole batch would give', async (_, count, limits, expected) => {
  const { run, sizes } = summing();
  const outputs = await runInParts(run, rows(count), limits);
  expect(sizes).toEqual(expected);
  expect(outputs).toEqual(await summing().run(rows(count)));
});

test('what is not one row an example goes to every part as it is', async () => {
  const start = { data: Float32Array.of(1, 2, 3), shape: [3] };
  const seen: unknown[] = [];
  const run = async (inputs: NamedArrays) => {
    seen.push(inputs['start']);
    return { y: inputs['x'] as NamedArrays[string] };
  };
  await runInParts(run, { ...rows(4), start }, { fixed: 2 });
  expect(seen).toEqual([start, start]);
});

test('what a model declares by another first length is no row, though a batch is as long', async () => {
  const table = { data: Float32Array.of(1, 2, 3, 4), shape: [4] };
  const rate = { data: Float32Array.of(5), shape: [] };
  const model = { inputs: { table: [4], x: [null, 2], rate: [] } };
  const given = { table, ...rows(4), rate };
  const seen: NamedArrays[] = [];
  const run = async (inputs: NamedArrays) => {
    seen.push(inputs);
    return { y: inputs['x'] as NamedArrays[string] };
  };
  expect(await runInParts(run, given, { largest: 3, ...model })).toEqual({ y: rows(4).x });
  expect(seen.map(({ x }) => x?.shape)).toEqual([
    [3, 2],
    [1, 2],
  ]);
  for (const inputs of [...seen, firstExamples(given, 2, model), repeatExamples(given, 9, model)]) {
    expect(inputs).toMatchObject({ table, rate });
  }
  expect(batchOf({ table, ...rows(2) }, model)).toBe(2);
  expect(firstExamples({ table, ...rows(2) }, 4, model)).toEqual({ table, ...rows(2) });
});

test('whole numbers of which one part holds larger ones are joined as floats', async () => {
  const parts = [Int32Array.of(16_777_215, -2), Float32Array.of(2 ** 40, 1), Int32Array.of(3, 4)];
  const run = async () => ({ y: { data: parts.shift() as Int32Array, shape: [2] } });
  const { y } = await runInParts(run, rows(6), { fixed: 2 });
  expect(y).toEqual({ data: Float32Array.of(16_777_215, -2, 2 ** 40, 1, 3, 4), shape: [6] });
});

test('an output that has not one row an example cannot be joined', async () => {
  const run = async () => ({ loss: { data: Float32Array.of(1), shape: [] } });
  await expect(runInParts(run, rows(4), { fixed: 2 })).rejects.toMatchObject({
    code: 'shape-mismatch',
    message: expect.stringContaining('"loss"'),
  });
});

test('examples are repeated until there are enough, or cut off', () => {
  expect(repeatExamples(rows(2), 5)['x']?.data).toEqual(Float32Array.of(0, 1, 2, 3, 0, 1, 2, 3, 0, 1));
  expect(repeatExamples(rows(3), 1)['x']).toEqual({ data: Float32Array.of(0, 1), shape: [1, 2] });
});

test('the batch is the first length of the first array that has one', () => {
  expect(batchOf({ rate: { data: Int32Array.of(1), shape: [] }, ...rows(6) })).toBe(6);
});
