import { fromArrays, type NdArray } from 'limbeck';
import { expect, test } from 'vitest';
import { seen, seenHeldOut } from './variant.ts';

const COUNT = 6;
const dark = fromArrays({ data: new Float32Array(COUNT * 784), shape: [COUNT, 28, 28, 1] });
const all = Int32Array.from({ length: COUNT }, (_, i) => i);

/** What is added to each example. */
async function noiseOf(data: typeof dark): Promise<string[]> {
  const { inputs } = await data.read(all);
  const pixels = (inputs['input'] as NdArray).data;
  return [...all].map((i) => String(pixels.subarray(i * 784, (i + 1) * 784)));
}

test('noise is drawn for each example and each seed, and digits that score have none that was learned with', async () => {
  const learned = await Promise.all([1, 2, 3].map((seed) => noiseOf(seen('noisy digits', dark, seed))));
  const heldOut = await noiseOf(seenHeldOut('noisy digits', dark));
  const fields = [...learned.flat(), ...heldOut];
  expect(new Set(fields).size).toBe(fields.length);
});

test('noise stays what it is, whenever it is read', async () => {
  expect(await noiseOf(seen('noisy digits', dark, 2))).toEqual(await noiseOf(seen('noisy digits', dark, 2)));
  expect(await noiseOf(seenHeldOut('noisy digits', dark))).toEqual(await noiseOf(seenHeldOut('noisy digits', dark)));
});

test('the left half is the left half', async () => {
  const columns = Float32Array.from({ length: 784 }, (_, i) => i % 28);
  const half = seen('left half', fromArrays({ data: columns, shape: [1, 28, 28, 1] }), 1);
  const { data, shape } = (await half.read(Int32Array.of(0))).inputs['input'] as NdArray;
  expect(shape).toEqual([1, 28, 14, 1]);
  expect(Array.from(data.subarray(0, 15))).toEqual([...Array.from({ length: 14 }, (_, i) => i), 0]);
});
