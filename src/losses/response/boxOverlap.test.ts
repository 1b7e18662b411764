import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { describeOnCpu, expectPerExample, randomInputs } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type BoxOverlapOptions, boxOverlap } from './boxOverlap.ts';

checkUse(boxOverlap, {
  student: { boxes: [4] },
  teacher: { boxes: [4] },
  mismatches: [
    [{}, { boxes: [3, 4] }, {}, /"read" bring its output/],
    [{ boxes: [5] }, { boxes: [5] }, {}, /\[\?, 5\].*\[B, 4\].*x1, y1, x2, y2/],
    [{ boxes: [2] }, { boxes: [2] }, {}, /corners \[B, 2, 2\]/],
  ],
  weight: 'alone',
});

/** Lengths of what two intervals share, of what either covers, and of the smallest around both. */
function along([a, b]: number[], [c, d]: number[]) {
  const [low, high] = [Math.min(a as number, b as number), Math.max(a as number, b as number)];
  const [from, to] = [Math.min(c as number, d as number), Math.max(c as number, d as number)];
  const shared = Math.max(0, Math.min(high, to) - Math.max(low, from));
  return { shared, own: high - low, given: to - from, around: Math.max(high, to) - Math.min(low, from) };
}

describe('boxOverlap', () => {
  checkLoss<BoxOverlapOptions>(boxOverlap, {
    golden: 'boxOverlap',
    reference({ student, teacher }) {
      const [own, given] = [student['boxes'] as Values, teacher['boxes'] as Values].map(({ values }) => values) as [
        readonly number[],
        readonly number[],
      ];
      return mean(
        Array.from({ length: own.length / 4 }, (_, box) => {
          const [x, y] = [0, 1].map((axis) =>
            along(
              [0, 2].map((corner) => own[4 * box + corner + axis] as number),
              [0, 2].map((corner) => given[4 * box + corner + axis] as number),
            ),
          ) as [ReturnType<typeof along>, ReturnType<typeof along>];
          const shared = x.shared * y.shared;
          const covered = x.own * y.own + x.given * y.given - shared;
          const around = x.around * y.around;
          return 1 - shared / Math.max(covered, 1e-12) + (around - covered) / Math.max(around, 1e-12);
        }),
      );
    },
    // Its slope jumps where two boxes are equal; its own test says that it is 0 there, and nowhere less.
    best: null,
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'an option that it does not have': () => boxOverlap({ format: 'xywh' } as BoxOverlapOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(boxOverlap().options).toEqual({ output: 'boxes' });
    expect(boxOverlap().reads).toEqual({ student: ['boxes'], teacher: ['boxes'], labels: false });
  });
});

const box = (...values: number[]) => ({ shape: [1, 4], values });
const valueAt = (own: number[], given: number[]) =>
  evaluate(boxOverlap(), { student: { boxes: box(...own) }, teacher: { boxes: box(...given) } });

describeOnCpu('boxOverlap, besides its contract', () => {
  test('is 0 for equal boxes, in any unit and whichever corner comes first', () => {
    for (const size of [1e-3, 1, 640]) {
      const given = [0.1, 0.2, 0.6, 0.9].map((one) => size * one);
      expect(valueAt(given, given).value).toBeCloseTo(0, 6);
      expect(valueAt([given[2], given[1], given[0], given[3]] as number[], given).value).toBeCloseTo(0, 6);
    }
  });

  test('is 1 − IoU for boxes in each other, and grows with their distance where they share nothing', () => {
    expect(valueAt([0, 0, 2, 2], [0, 0, 4, 4]).value).toBeCloseTo(1 - 1 / 4, 6);
    // The box around both has 3, and they cover 2 of it.
    expect(valueAt([0, 0, 1, 1], [2, 0, 3, 1]).value).toBeCloseTo(1 + 1 / 3, 6);
    expect(valueAt([0, 0, 1, 1], [98, 0, 99, 1]).value).toBeCloseTo(1 + 97 / 99, 6);
  });

  test('draws a box that lies apart towards the other, and opens one that is inside out', () => {
    const [x1 = 0, , x2 = 0] = valueAt([0, 0, 1, 1], [3, 0, 4, 1]).student['boxes'] ?? [];
    // A step against the slope moves its right side to the right.
    expect(x2).toBeLessThan(0);
    // The box also grows towards its own side, but less: that lessens the empty part of the box around both.
    expect(x1 + x2).toBeLessThan(0);
    const [left = 0, , right = 0] = valueAt([0.6, 0, 0.4, 1], [0, 0, 1, 1]).student['boxes'] ?? [];
    expect(left).toBeLessThan(0);
    expect(right).toBeGreaterThan(0);
  });

  test('is the mean of its examples, of one box or several, or of corners', () => {
    for (const shape of [
      [6, 4],
      [3, 5, 4],
      [4, 2, 2],
    ])
      expectPerExample(boxOverlap(), randomInputs(shape, 1, 'boxes'));
  });

  test('refuses teacher’s boxes that are inside out, before the first step', () => {
    const check = (...data: number[]) =>
      boxOverlap().checkAnswers?.({ boxes: { data: Float32Array.from(data), shape: [data.length / 4, 4] } });
    expect(() => check(0, 0, 1, 1, 0.2, 0.2, 0.2, 0.4)).not.toThrow();
    expect(() => check(0, 0, 1, 1, 0.5, 0, 0.25, 1)).toThrow(
      expect.objectContaining({
        code: 'invalid-box',
        message: expect.stringMatching(/^Box 1 of the teacher's "boxes" is 0\.5, 0, 0\.25, 1: .*"read"/),
        details: { output: 'boxes', box: 1, given: [0.5, 0, 0.25, 1] },
      }),
    );
    expect(() => check(0, 2, 1, 1)).toThrow(expect.objectContaining({ code: 'invalid-box' }));
  });
});
