import { expect, test } from 'vitest';
import { fromArrays } from './arrays.ts';
import { balancedWeights, withClassWeights } from './classWeights.ts';

test('balanced weights make all classes count as much together', () => {
  const labels = [0, 0, 0, 2, 2, -1];
  const weights = balancedWeights(labels, 3);
  // scikit-learn: compute_class_weight('balanced', classes=[0, 2], y=[0, 0, 0, 2, 2]) is [0.8333, 1.25] for two classes.
  expect(weights).toEqual([5 / 9, 0, 5 / 6]);
  expect(balancedWeights([0, 0, 0, 1, 1], 2)).toEqual([5 / 6, 5 / 4]);
  for (const bad of [[3], [-2], [0.5], [Number.NaN]]) {
    expect(() => balancedWeights(bad, 3)).toThrow(expect.objectContaining({ code: 'class-mismatch' }));
  }
});

test('each example gets the weight of its class; without a label 1', async () => {
  const data = fromArrays({ data: Float32Array.of(1, 2, 3), shape: [3, 1] }, [1, -1, 0]);
  const { exampleWeights, labels } = await withClassWeights(data, [2, 0.5]).read(Int32Array.of(2, 1, 0));
  expect([...(exampleWeights ?? [])]).toEqual([2, 1, 0.5]);
  expect([...labels]).toEqual([0, -1, 1]);
});

test('refuses weights that are none, and a class without one', async () => {
  const data = fromArrays({ data: Float32Array.of(1), shape: [1, 1] }, [3]);
  for (const bad of [[-1], [Number.NaN], [Number.POSITIVE_INFINITY]]) {
    expect(() => withClassWeights(data, bad)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  }
  await expect(withClassWeights(data, [1, 1]).read(Int32Array.of(0))).rejects.toMatchObject({ code: 'class-mismatch' });
});
