import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenBackend } from '../../runtime/backends/backend.ts';
import { openBackendHere } from '../../runtime/backends/open.ts';
import { backendOptions } from '../../runtime/cases/assetCases.ts';
import * as tf from '../../runtime/tf.ts';
import { evaluate, toTensors } from '../cases/lossCases.ts';
import { checkLoss, growthOfLogProbs, type LossInputs, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { describeOnCpu, expectPerExample, randomInputs } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type CrossEntropyOptions, crossEntropy } from './crossEntropy.ts';

checkUse(crossEntropy, { student: { logits: [4] }, weight: { of: 'logits' } });

describe('crossEntropy', () => {
  checkLoss<CrossEntropyOptions>(crossEntropy, {
    golden: 'crossEntropy',
    reference({ student, labels = [] }) {
      const logProbs = plainLogProbs(student['logits'] as Values);
      return -logProbs.reduce((sum, row, i) => sum + (row[labels[i] as number] as number), 0) / logProbs.length;
    },
    growth({ student }) {
      const { reach, probs } = growthOfLogProbs([student['logits'] as Values]);
      return { value: reach, gradient: probs / (student['logits']?.shape[0] ?? 1) };
    },
    best: certain,
    refused: { 'an option that it does not have': () => crossEntropy({ outputs: 'logits' } as CrossEntropyOptions) },
  });

  test('has the defaults that it documents', () => {
    expect(crossEntropy().options).toEqual({ output: 'logits' });
    expect(crossEntropy().reads).toEqual({ student: ['logits'], teacher: [], labels: true });
  });

  test('refuses to work without labels', () => {
    const compute = () => crossEntropy().compute(tf, { student: {}, teacher: {} });
    expect(compute).toThrow(expect.objectContaining({ code: 'labels-missing' }));
  });
});

describe.each(['cpu', 'wasm'] as const)('crossEntropy with examples that have no label, on %s', (backendName) => {
  let backend: OpenBackend | undefined;
  beforeAll(async () => {
    backend = await openBackendHere(backendOptions(backendName));
  });
  afterAll(() => backend?.dispose());

  test('adds nothing for them, and divides by all', () => {
    const inputs = { ...randomInputs([6, 5]), labels: [2, -1, 0, -1, -1, 4] };
    const [first, , third, , , last] = plainLogProbs(inputs.student['logits'] as Values);
    const got = evaluate(crossEntropy(), inputs);
    expect(got.value).toBeCloseTo(-((first?.[2] ?? 0) + (third?.[0] ?? 0) + (last?.[4] ?? 0)) / 6, 5);
    const slopes = Array.from({ length: 6 }, (_, i) => got.student['logits']?.slice(5 * i, 5 * i + 5));
    for (const i of [1, 3, 4]) expect(slopes[i]).toEqual([0, 0, 0, 0, 0]);
    for (const i of [0, 2, 5]) expect(slopes[i]?.every((slope) => slope !== 0)).toBe(true);
    tf.tidy(() => {
      const each = crossEntropy().perExample?.(tf, toTensors(inputs)).dataSync() ?? [];
      expect(Array.from(each, (value) => value === 0)).toEqual([false, true, false, true, true, false]);
    });
  });

  test('is 0 and flat where no example has one', () => {
    const { value, student } = evaluate(crossEntropy(), { ...randomInputs([3, 4]), labels: [-1, -1, -1] });
    expect([value, ...(student['logits'] ?? [])].every((number) => Math.abs(number) === 0)).toBe(true);
  });
});

describeOnCpu('crossEntropy, besides its contract', () => {
  test('is the mean of its examples', () => expectPerExample(crossEntropy(), randomInputs([6, 5])));
});

/** The student is sure of the label of every example. */
function certain({ student, labels = [] }: LossInputs): LossInputs {
  const { shape, values } = student['logits'] as Values;
  const classes = shape.at(-1) as number;
  const logits = values.map((_, i) => (labels[Math.floor(i / classes)] === i % classes ? 200 : 0));
  return { student: { logits: { shape, values: logits } }, teacher: {}, labels };
}
