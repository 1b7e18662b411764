import { expect, test } from 'vitest';
import { fromArrays } from './arrays.ts';
import { pick, withoutLabels } from './views.ts';
import { withSequences } from './withSequences.ts';

const data = fromArrays({ data: Float32Array.of(1, 2, 3), shape: [3, 1] }, [0, 1, 0]);

test('gives each example its sequence, with −1 behind the end', async () => {
  const read = await withSequences(data, [[1, 2, 3], [], Uint8Array.of(4)]).read(Int32Array.of(2, 0, 1));
  expect(read.sequences).toEqual(Int32Array.of(4, -1, -1, /**/ 1, 2, 3, /**/ -1, -1, -1));
  expect(read).toMatchObject({ labels: Int32Array.of(0, 0, 1), inputs: { input: { shape: [3, 1] } } });
});

test('goes with the examples into views, and is left out with the labels', async () => {
  const all = withSequences(data, [[1], [2], [3]]);
  expect((await pick(all, Int32Array.of(2, 1)).read(Int32Array.of(0))).sequences).toEqual(Int32Array.of(3));
  expect('sequences' in (await withoutLabels(all).read(Int32Array.of(0)))).toBe(false);
});

test('refuses another number of sequences, and what is no class', () => {
  const refused = (code: string, message: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) });
  expect(() => withSequences(data, [[1]])).toThrow(refused('shape-mismatch', /3 examples and 1 sequences/));
  for (const bad of [-1, 1.5, Number.NaN, 2 ** 40]) {
    expect(() => withSequences(data, [[1], [bad], []])).toThrow(refused('class-mismatch', /example 1 holds/));
  }
});
