import { expect, test } from 'vitest';
import { benchInputs } from './benchInputs.ts';

const image = { name: 'image', type: 'float32', shape: [null, 3, 2] };
const choice = { batch: 2, seed: 1, which: 0 };

test('an example is the same in every batch, another for each set, and floats fill [-1, 1)', () => {
  const { image: two } = benchInputs([image], choice);
  const { image: four } = benchInputs([image], { ...choice, batch: 4 });
  expect(two?.shape).toEqual([2, 3, 2]);
  expect([...(four?.data ?? [])].slice(0, 12)).toEqual([...(two?.data ?? [])]);
  expect(benchInputs([image], { ...choice, which: 1 })['image']?.data).not.toEqual(two?.data);
  expect(Math.max(...(four?.data ?? []).map(Math.abs))).toBeLessThanOrEqual(1);
  // Each form of a model may call its input differently.
  expect(benchInputs([{ ...image, name: 'x' }], choice)['x']).toEqual(two);
});

test('whole numbers are indices that every table has, or tokens below what is known; a single number has no batch', () => {
  const inputs = [
    { name: 'ids', type: 'int64', shape: [null, 8] },
    { name: 'tokens', type: 'float32', shape: [null, 64] },
    { name: 'rate', type: 'float32', shape: [] },
  ];
  const { ids, tokens, rate } = benchInputs(inputs, { ...choice, tokens: { tokens: 50 } });
  expect([...(ids?.data ?? [])].every((id) => id === 0 || id === 1)).toBe(true);
  expect(Math.max(...(tokens?.data ?? []))).toBeLessThan(50);
  expect(Math.max(...(tokens?.data ?? []))).toBeGreaterThan(1);
  expect(rate?.shape).toEqual([]);
});

test('a length that the model leaves open must be given, for an input that it has', () => {
  const open = { name: 'x', type: 'float32', shape: [null, null, 4] };
  expect(() => benchInputs([open], choice)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  expect(benchInputs([open], { ...choice, shapes: { x: [5, 4] } })['x']?.shape).toEqual([2, 5, 4]);
  expect(() => benchInputs([open], { ...choice, shapes: { y: [5] } })).toThrow(
    expect.objectContaining({ code: 'unknown-input' }),
  );
});
