// What the tests of losses over logits and scores share. Only tests import this file.
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import type { OpenBackend } from '../../runtime/backends/backend.ts';
import { openBackendHere } from '../../runtime/backends/open.ts';
import * as tf from '../../runtime/tf.ts';
import type { Loss, LossShapes } from '../loss.ts';
import { evaluate, type LossInputs, toTensors, type Values } from './lossCases.ts';
import { growthOfLogProbs } from './lossContract.ts';

/** What a loss's own tests need beside those of the contract: a backend. */
export function describeOnCpu(name: string, tests: () => void): void {
  describe(name, () => {
    let backend: OpenBackend | undefined;
    beforeAll(async () => {
      backend = await openBackendHere({ backend: 'cpu' });
    });
    afterAll(() => backend?.dispose());
    tests();
  });
}

/** The same random numbers each time: student and teacher of this shape, and labels. */
export function randomInputs(shape: readonly number[], seed = 1, output = 'logits'): LossInputs {
  const random = seededRandom(seed);
  const size = shape.reduce((product, length) => product * length, 1);
  const values = () => ({ shape, values: Array.from({ length: size }, () => 4 * random() - 2) });
  const labels = Array.from({ length: shape[0] as number }, () => Math.floor(random() * (shape.at(-1) as number)));
  return { student: { [output]: values() }, teacher: { [output]: values() }, labels };
}

/** The mean of what `perExample` gives is the loss, and an example's own number does not depend on the others. */
export function expectPerExample(loss: Loss, inputs: LossInputs): void {
  tf.tidy(() => {
    const tensors = toTensors(inputs);
    const examples = (loss.perExample as NonNullable<Loss['perExample']>)(tf, tensors);
    const rows = Object.values(inputs.student)[0]?.shape[0] as number;
    expect(examples.shape).toEqual([rows]);
    const numbers = Array.from(examples.dataSync());
    const value = loss.compute(tf, tensors).dataSync()[0] as number;
    const size = Math.max(...numbers.map(Math.abs));
    expect(Math.abs(numbers.reduce((a, b) => a + b, 0) / rows - value)).toBeLessThanOrEqual(1e-5 * size);
    expect(new Set(numbers).size).toBeGreaterThan(1);
  });
}

/** Without labels nothing is computed. */
export function expectLabelsMissing(loss: Loss): void {
  const { student, teacher } = randomInputs([2, 3]);
  const compute = () => tf.tidy(() => loss.compute(tf, toTensors({ student, teacher })));
  expect(compute).toThrow(expect.objectContaining({ code: 'labels-missing' }));
}

/** At a minimum of the loss: flat, and of this value. */
export function expectLeast(loss: Loss, inputs: LossInputs, value: number): void {
  const got = evaluate(loss, inputs);
  expect(Math.abs(got.value - value)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
  const slopes = Object.values(got.student).flat();
  expect(Math.max(...slopes.map(Math.abs))).toBeLessThanOrEqual(1e-5);
}

/** What `check` is given, without the batch, for one output on each side. */
export function shapesOf(
  student: readonly (number | null)[],
  teacher: readonly (number | null)[] = student,
  { batchSize = 8, output = 'logits' } = {},
): LossShapes {
  return { student: { [output]: student }, teacher: { [output]: teacher }, batchSize, examples: 100 };
}

/** What a loss says of these shapes, or nothing. */
export function refusalOf(loss: Loss, shapes: LossShapes): string | undefined {
  try {
    loss.check?.(shapes);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** How far rounding moves T² · a divergence of softened distributions, and one slope of it. */
export function growthOfDivergence({ student, teacher }: LossInputs, temperature: number, output = 'logits') {
  const sides = [student[output], teacher[output]].filter((side) => side !== undefined);
  const { reach, probs } = growthOfLogProbs(sides as Values[], temperature);
  const rows = (student[output]?.values.length ?? 1) / (student[output]?.shape.at(-1) ?? 1);
  return { value: temperature ** 2 * reach, gradient: (temperature * probs) / rows };
}

/** Σ p log (p / q) of two rows of log-probabilities. */
export function plainDivergence(logP: readonly number[], logQ: readonly number[]): number {
  return logP.reduce((sum, log, c) => (log < -700 ? sum : sum + Math.exp(log) * (log - (logQ[c] as number))), 0);
}

/** −Σ p log q of two rows of log-probabilities. */
export function plainCrossEntropy(logP: readonly number[], logQ: readonly number[]): number {
  return -logP.reduce((sum, log, c) => (log < -700 ? sum : sum + Math.exp(log) * (logQ[c] as number)), 0);
}

/**
 * What a reference takes for numbers through which no gradient passes: the inputs as they are, also while a finite
 * difference moves one of them, by 1/32 at most. The inputs themselves are multiples of 1/8.
 */
export function frozen({ shape, values }: Values): Values {
  return { shape, values: values.map((value) => Math.round(8 * value) / 8) };
}
