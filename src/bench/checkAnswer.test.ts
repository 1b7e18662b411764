import { expect, test } from 'vitest';
import { checkOutputs, checkTraining } from './checkAnswer.ts';

const row = (...values: number[]) => ({ data: Float32Array.from(values), shape: [values.length] });

test('outputs may differ by a hundredth of their range; an only output may be called anything', () => {
  const reference = { logits: row(-2, 0, 2) };
  expect(checkOutputs(reference, { probs: row(-2, 0.01, 2) })).toEqual({
    errorFraction: expect.closeTo(0.0025, 5),
    wrong: undefined,
  });
  expect(checkOutputs(reference, { logits: row(-2, 0.1, 2) }).wrong).toContain('differs');
  expect(checkOutputs(reference, { logits: row(-2, Number.NaN, 2) })).toMatchObject({
    errorFraction: Number.NaN,
    wrong: expect.stringContaining('no numbers'),
  });
  expect(checkOutputs(reference, { logits: row(-2, 0) }).wrong).toContain('[2]');
  expect(checkOutputs(reference, {}).wrong).toContain('no output');
});

test('training is judged by losses and by how all weights change together', () => {
  const reference = { losses: row(2, 1.5), 'change 0': row(1e-3, -1e-3, 1e-3, 1e-3), 'change 1': row(0) };
  const given = (losses: number[], ...change: number[]) => ({
    losses: row(...losses),
    'change 0': row(...change),
    'change 1': row(0),
  });
  expect(checkTraining(reference, given([2, 1.5], 1e-3, -1e-3, 1e-3, 1e-3))).toEqual({ errorFraction: 0 });
  // One that hardly has a gradient goes the other way.
  expect(checkTraining(reference, given([2.001, 1.5], 1e-3, -1e-3, 1e-3, 0.96e-3)).wrong).toBeUndefined();
  expect(checkTraining(reference, given([2.2, 1.5], 1e-3, -1e-3, 1e-3, 1e-3)).wrong).toContain('losses differ');
  expect(checkTraining(reference, given([2, 1.5], -1e-3, 1e-3, -1e-3, -1e-3)).wrong).toContain('weights change');
  expect(checkTraining(reference, given([2, 1.5], 1e-3, -1e-3, 1e-3, Number.NaN)).wrong).toContain('no numbers');
  expect(checkTraining(reference, given([2, Number.NaN], 1e-3, -1e-3, 1e-3, 1e-3)).wrong).toContain('no numbers');
  expect(checkTraining(reference, { losses: row(2, 1.5) }).wrong).toContain('no numbers');
});
