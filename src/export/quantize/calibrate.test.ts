import { expect, test } from 'vitest';
import { fromArrays } from '../../data/arrays.ts';
import { modelOf, node, value } from '../../onnx/cases/tinyCases.ts';
import { calibrate } from './calibrate.ts';
import { HERE } from './quantizeCases.ts';

/** The range of |x|, with a fifth of the values cut off at either end: eight examples of ones, then another one. */
async function rangeOf(batch: number | string, last: number) {
  const model = modelOf({
    input: [value('x', [batch, 2])],
    output: [value('y', [batch, 2])],
    node: [node('Abs', ['x'], ['a']), node('Neg', ['a'], ['y'])],
  });
  const data = Float32Array.from({ length: 18 }, (_, i) => (i < 16 ? 1 : last));
  const ranges = await calibrate(model, ['a'], {
    data: fromArrays({ x: { data, shape: [9, 2] } }),
    ...{ examples: 9, method: 'percentile', percentile: 60, ...HERE },
    ...{ emit: () => undefined, signal: new AbortController().signal },
  });
  return ranges.get('a');
}

test('each example counts once if the model takes batches of any size', async () => {
  expect((await rangeOf('B', 100))?.most).toBeLessThan(2);
});

test('a fixed batch is filled with the last example', async () => {
  expect((await rangeOf(8, 100))?.most).toBeGreaterThan(50);
});
