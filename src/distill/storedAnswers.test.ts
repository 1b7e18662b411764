import { describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import type { NdArray } from '../core/shape.ts';
import { centroidLabels } from './centroidLabels.ts';
import { classProbs, mixed, oneHot, toLogits, topSmoothed } from './classProbs.ts';
import { storedAnswers } from './storedAnswers.ts';

const random = seededRandom(2);
const table = (rows: number, columns: number): NdArray => ({
  data: Float32Array.from({ length: rows * columns }, () => 4 * random() - 2),
  shape: [rows, columns],
});

describe('storedAnswers', () => {
  test('gives each example its row, and the holdout its own', async () => {
    const [answers, holdout] = [table(5, 2), table(3, 2)];
    const { teacher, teacherData, teacherHoldout } = storedAnswers(
      { logits: answers },
      { holdout: { logits: holdout } },
    );
    const about = async (dataset: typeof teacherData | undefined, ...indices: number[]) =>
      (await teacher.ask((await (dataset as typeof teacherData).read(Int32Array.from(indices))).inputs))['logits'];
    expect(await about(teacherData, 4, 1)).toEqual({
      data: Float32Array.of(...answers.data.slice(8), ...answers.data.slice(2, 4)),
      shape: [2, 2],
    });
    expect(await about(teacherHoldout, 2)).toEqual({ data: holdout.data.slice(4), shape: [1, 2] });
    expect([teacherData.size, teacherHoldout?.size]).toEqual([5, 3]);
    await expect(teacher.ask({ input: answers })).rejects.toThrow(expect.objectContaining({ code: 'unknown-input' }));
  });

  test('refuses tables that do not fit', () => {
    const codeOf = (make: () => unknown) => {
      try {
        make();
        return undefined;
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(codeOf(() => storedAnswers({}))).toBe('empty-dataset');
    expect(codeOf(() => storedAnswers({ a: table(2, 2), b: table(3, 2) }))).toBe('shape-mismatch');
    expect(codeOf(() => storedAnswers({ a: table(2, 2) }, { version: 1 } as never))).toBe('invalid-option');
  });
});

describe('class probabilities', () => {
  test('come from logits and go back to them', () => {
    const logits = table(4, 3);
    const probs = classProbs({ logits });
    const first = Array.from(logits.data.slice(0, 3), Math.exp);
    const sum = first.reduce((a, b) => a + b, 0);
    first.forEach((value, c) => {
      expect(probs.data[c]).toBeCloseTo(value / sum, 6);
    });
    const again = classProbs({ logits: toLogits(probs) });
    again.data.forEach((value, i) => {
      expect(value).toBeCloseTo(probs.data[i] as number, 6);
    });
    expect(toLogits(oneHot([1], 2)).data.every(Number.isFinite)).toBe(true);
    expect(() => classProbs({ logits }, { output: 'answers' })).toThrow(
      expect.objectContaining({ code: 'unknown-output' }),
    );
    expect(() => classProbs({ logits: { ...logits, shape: [2, 2, 3] } })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch' }),
    );
  });

  test('keep the largest and spread the rest', () => {
    const probs = { data: Float32Array.of(0.5, 0.25, 0.125, 0.125, 0.1, 0.2, 0.6, 0.1), shape: [2, 4] };
    const close = (given: NdArray, expected: readonly number[]) =>
      given.data.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i] as number, 6);
      });
    close(topSmoothed(probs, 1), [0.5, 1 / 6, 1 / 6, 1 / 6, 2 / 15, 2 / 15, 0.6, 2 / 15]);
    close(topSmoothed(probs, 2), [0.5, 0.25, 0.125, 0.125, 0.1, 0.2, 0.6, 0.1]);
    close(topSmoothed(probs, 4), Array.from(probs.data));
    expect(() => topSmoothed(probs, 5)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    close(
      mixed(probs, topSmoothed(probs, 1), 0.6),
      Array.from(probs.data, (p, i) => 0.6 * p + 0.4 * (topSmoothed(probs, 1).data[i] as number)),
    );
  });
});

describe('centroidLabels', () => {
  /** Eq. 4 to 6 with matrices, on features of length 1. */
  function plain(features: number[][], probs: number[][]): number[] {
    const unit = features.map((row) => row.map((value) => value / Math.hypot(...row)));
    const classes = probs[0]?.length as number;
    const assign = (weights: number[][]) => {
      const centers = Array.from({ length: classes }, (_, c) => {
        const mass = weights.reduce((sum, row) => sum + (row[c] as number), 0);
        return mass === 0
          ? undefined
          : (unit[0] as number[]).map(
              (__, f) => unit.reduce((sum, row, i) => sum + (row[f] as number) * (weights[i]?.[c] as number), 0) / mass,
            );
      });
      return unit.map((row) => {
        const distances = centers.map((center) =>
          center === undefined
            ? Number.POSITIVE_INFINITY
            : 1 - row.reduce((sum, value, f) => sum + value * (center[f] as number), 0) / Math.hypot(...center),
        );
        return distances.indexOf(Math.min(...distances));
      });
    };
    const first = assign(probs);
    return assign(first.map((label) => Array.from({ length: classes }, (_, c) => (c === label ? 1 : 0))));
  }
  const rowsOf = ({ data, shape: [, width = 1] }: NdArray) =>
    Array.from({ length: data.length / width }, (_, i) => Array.from(data.subarray(i * width, (i + 1) * width)));

  test.each([1, 2, 3, 4, 5])('equal the formula, %i', () => {
    const features = table(40, 6);
    const probs = classProbs({ logits: table(40, 4) });
    expect(Array.from(centroidLabels(features, probs))).toEqual(plain(rowsOf(features), rowsOf(probs)));
  });

  test('correct an example among those of another class', () => {
    const features = { data: Float32Array.of(1, 0, 1, 0.1, 1, -0.1, 0, 1, 0.1, 1), shape: [5, 2] };
    // The third is assigned to the other class.
    const probs = { data: Float32Array.of(0.9, 0.1, 0.9, 0.1, 0.4, 0.6, 0.1, 0.9, 0.1, 0.9), shape: [5, 2] };
    expect(Array.from(centroidLabels(features, probs))).toEqual([0, 0, 0, 1, 1]);
    expect(() => centroidLabels(features, { ...probs, shape: [2, 5] })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch' }),
    );
  });
});
