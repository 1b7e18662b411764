import { expect, test } from 'vitest';
import { fromArrays } from './arrays.ts';
import { pick, withoutLabels } from './views.ts';
import { withExampleWeights } from './withExampleWeights.ts';

const data = fromArrays({ data: Float32Array.of(5, 6, 7), shape: [3] }, [0, 1, 2]);

test('examples keep their weights in every view of the data', async () => {
  const weighed = withExampleWeights(data, [0, 0.5, 2]);
  const wanted = {
    inputs: { input: { data: Float32Array.of(7, 6), shape: [2] } },
    exampleWeights: Float32Array.of(2, 0.5),
  };
  expect(await weighed.read(Int32Array.of(2, 1))).toEqual({ ...wanted, labels: Int32Array.of(2, 1) });
  expect(await withoutLabels(pick(weighed, Int32Array.of(2, 1))).read(Int32Array.of(0, 1))).toEqual(wanted);
});

test.each([
  ['shape-mismatch', [1, 1]],
  ['invalid-option', [1, -1, 1]],
  ['invalid-option', [1, 1, Number.NaN]],
])('refuses bad weights with %s: %o', (code, weights) => {
  expect(() => withExampleWeights(data, weights)).toThrow(expect.objectContaining({ code }));
});
