// The tests that every loss owes. Only tests import this file.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenBackend } from '../../runtime/backends/backend.ts';
import { openBackendHere } from '../../runtime/backends/open.ts';
import { backendOptions } from '../../runtime/cases/assetCases.ts';
import * as tf from '../../runtime/tf.ts';
import type { Loss } from '../loss.ts';
import { type KnownLosses, reviveLoss } from '../revive.ts';
import { type LossSpec, specOf } from '../spec.ts';
import { type ExtremeName, extremesOf, mapRows, termsOf, turnRows } from './extremeCases.ts';
import { evaluate, type LossInputs, type LossReference, readCases, toTensors, type Values } from './lossCases.ts';

export type { LossInputs, Values } from './lossCases.ts';

export interface LossContract<Options> extends LossReference<Options> {
  /**
   * Inputs at which the loss is zero and has no slope; by default those where the student equals the teacher. Null for a
   * loss whose least value is another one; its test then says which.
   */
  readonly best?: ((inputs: LossInputs) => LossInputs) | null;
  /** Which of the extreme inputs it bears; by default all. 'one class' makes no sense for feature maps. */
  readonly extremes?: readonly ExtremeName[];
  /** Makes losses that must be refused as 'invalid-option'. */
  readonly refused: Readonly<Record<string, () => Loss>>;
  /** Factories that reviving needs beside limbeck's own losses. */
  readonly known?: KnownLosses;
}

/**
 * One rounding to float32 is 2⁻²⁴ of the number at most. Eight of them follow each other on the way, and the sum over a
 * thousand classes has as much again. Largest seen over all losses, cases and backends: 0.1 of it for values, 0.45 for
 * slopes (1,000 classes on wasm).
 */
const ROUNDING = 2 ** -20;

const ALL_EXTREMES: readonly ExtremeName[] = [
  'both at ±1e4',
  'opposed at ±1e4',
  'all zero',
  'all 1e4 and all −1e4',
  'one class',
];

/** Registers a test where it has a meaning; elsewhere it is not skipped, it does not exist. */
export const testIf = (isDue: boolean) => (isDue ? test : () => {});

/** Registers with vitest the same tests for every loss, on tfjs's cpu backend and on wasm with limbeck's kernels. */
export function checkLoss<Options>(make: (options: Options) => Loss, contract: LossContract<Options>): void {
  const { reference } = contract;
  const cases = readCases(contract);

  test('has a reference that gives PyTorch’s values and gradients', () => {
    // Both are float64; the files keep nine digits.
    for (const { name, inputs, options, value, slopes, growth: grown } of cases) {
      expectClose(reference(inputs, options), value, 1e-8 * grown.value, name);
      for (const { golden, reference: slope } of slopes) expectSlopes(slope, golden, 1e-8 * grown.gradient, name);
    }
  });

  test.each(Object.keys(contract.refused))('refuses %s', (name) => {
    expect(contract.refused[name]).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  describe.each(['cpu', 'wasm'] as const)('on %s', (backendName) => {
    let backend: OpenBackend | undefined;
    beforeAll(async () => {
      backend = await openBackendHere(backendOptions(backendName));
    });
    afterAll(() => backend?.dispose());

    test('equals the reference and PyTorch, in value and in slope', () => {
      for (const { name, inputs, options, value, slopes, growth: grown } of cases) {
        const got = evaluate(make(options), inputs);
        expectClose(got.value, reference(inputs, options), ROUNDING * grown.value, name);
        expectClose(got.value, value, ROUNDING * grown.value, name);
        for (const { output, at, golden, reference: byReference } of slopes) {
          const picked = at.map((i) => got.student[output]?.[i] ?? Number.NaN);
          expectSlopes(picked, byReference, ROUNDING * grown.gradient, `${name}, ${output} beside the reference`);
          expectSlopes(picked, golden, ROUNDING * grown.gradient, `${name}, ${output} beside PyTorch`);
        }
      }
    });

    test('sends nothing to the teacher', () => {
      for (const { inputs, options } of cases) {
        for (const values of Object.values(evaluate(make(options), inputs).teacher)) {
          expect(values.every((slope) => slope === 0)).toBe(true);
        }
      }
    });

    const { best = (inputs: LossInputs) => ({ ...inputs, student: inputs.teacher }) } = contract;
    testIf(best !== null)('is zero, and flat, where it is best', () => {
      for (const { name, inputs, options, growthOf } of cases) {
        const at = (best as (inputs: LossInputs) => LossInputs)(inputs);
        const got = evaluate(make(options), at);
        const grown = growthOf(at);
        expectClose(got.value, 0, ROUNDING * grown.value, name);
        for (const slopes of Object.values(got.student)) {
          expectSlopes(slopes, [...slopes].fill(0), ROUNDING * grown.gradient, name);
        }
      }
    });

    test('does not ask in which order the examples come', () => {
      for (const { name, inputs, options, growth: grown } of cases) {
        const straight = evaluate(make(options), inputs);
        const turned = evaluate(make(options), mapRows(inputs, turnRows));
        expectClose(turned.value, straight.value, ROUNDING * grown.value, name);
        for (const [output, { shape }] of Object.entries(inputs.student)) {
          const slopes = turnRows(straight.student[output] ?? [], shape[0] ?? 1);
          expectSlopes(turned.student[output], slopes, ROUNDING * grown.gradient, name);
        }
      }
    });

    test('stays finite and right for extreme inputs', () => {
      for (const { name, inputs, options, growthOf } of cases) {
        for (const [kind, extreme] of Object.entries(extremesOf(inputs))) {
          if (!(contract.extremes ?? ALL_EXTREMES).includes(kind as ExtremeName)) continue;
          const { value, student } = evaluate(make(options), extreme);
          const expected = reference(extreme, options);
          // Equal numbers are rounded the same way, so here the roundings of a sum add up: one a term.
          const tolerance = ROUNDING * growthOf(extreme).value + 2 ** -24 * termsOf(extreme) * Math.abs(expected);
          expectClose(value, expected, tolerance, `${name}, ${kind}`);
          expect(Object.values(student).every((slopes) => slopes.every(Number.isFinite))).toBe(true);
        }
      }
    });

    test('survives the way to a worker', () => {
      for (const { inputs, options } of cases) {
        const loss = make(options);
        const revived = reviveLoss(JSON.parse(JSON.stringify(specOf(loss))) as LossSpec, contract.known);
        expect(specOf(revived)).toEqual(specOf(loss));
        expect(revived.reads).toEqual(loss.reads);
        expect(evaluate(revived, inputs)).toEqual(evaluate(loss, inputs));
      }
    });

    test('leaves exactly one tensor, a scalar, and its inputs', () => {
      for (const { inputs, options } of cases) {
        const atStart = tf.memory().numTensors;
        const tensors = toTensors(inputs);
        const before = tf.memory().numTensors;
        const result = make(options).compute(tf, tensors);
        expect(tf.memory().numTensors).toBe(before + 1);
        expect(result).toMatchObject({ shape: [], dtype: 'float32' });
        tf.dispose([result, tensors as unknown as tf.TensorContainer]);
        expect(tf.memory().numTensors).toBe(atStart);
      }
    });
  });
}

/** log softmax(logits / T) of each row, in plain float64: what references are made of. */
export function plainLogProbs({ shape, values }: Values, temperature = 1): number[][] {
  const classes = shape.at(-1) as number;
  return Array.from({ length: values.length / classes }, (_, row) => {
    const scaled = values.slice(row * classes, (row + 1) * classes).map((logit) => logit / temperature);
    const most = scaled.reduce((largest, logit) => Math.max(largest, logit), Number.NEGATIVE_INFINITY);
    const norm = most + Math.log(scaled.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
    return scaled.map((logit) => logit - norm);
  });
}

/**
 * How far rounding moves what is made of log softmax(logits / T): a log-probability by one rounding of `reach`, a
 * probability by one rounding of `probs`.
 */
export function growthOfLogProbs(sides: readonly Values[], temperature = 1): { reach: number; probs: number } {
  const logits = sides.flatMap(({ values }) => values).reduce((most, logit) => Math.max(most, Math.abs(logit)), 0);
  const classes = sides[0]?.shape.at(-1) ?? 1;
  const best = sides.flatMap((side) => plainLogProbs(side, temperature).flat()).reduce((a, b) => Math.max(a, b));
  const reach = 1 + (2 * logits) / temperature + Math.log(classes);
  return { reach, probs: reach * Math.exp(best) };
}

function expectSlopes(
  actual: readonly number[] | undefined,
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  expect(actual?.length, what).toBe(expected.length);
  expected.forEach((slope, i) => {
    expectClose(actual?.[i] ?? Number.NaN, slope, tolerance, `${what}, slope ${i}`);
  });
}

function expectClose(actual: number, expected: number, tolerance: number, what: string): void {
  // Written so that a NaN fails.
  if (Math.abs(actual - expected) <= tolerance) return;
  throw new Error(`${what}: ${actual} instead of ${expected} (tolerance ${tolerance})`);
}
