import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { describeOnCpu, expectPerExample, randomInputs, refusalOf, shapesOf } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type PointDistanceOptions, pointDistance } from './pointDistance.ts';

checkUse(pointDistance, {
  student: { points: [5, 2] },
  teacher: { points: [5, 2] },
  mismatches: [
    [{}, { points: [7, 2] }, {}, /\[\?, 7, 2\].*\[\?, 5, 2\].*points: 7/],
    [{}, { points: [5, 3] }, {}, /\[\?, 5, 3\]/],
    [{}, { points: [10] }, {}, /"read" give its points as \[B, points, coordinates\]/],
  ],
  weight: { of: 'numbers' },
});

describe('pointDistance', () => {
  checkLoss<PointDistanceOptions>(pointDistance, {
    golden: 'pointDistance',
    reference({ student, teacher }, { width = 0.04, curvature = 0.008 }) {
      const { values } = teacher['points'] as Values;
      return mean(
        (student['points'] as Values).values.map((value, i) => {
          const distance = Math.abs(value - (values[i] as number));
          if (distance < width) return width * Math.log1p(distance / curvature);
          return distance - width + width * Math.log1p(width / curvature);
        }),
      );
    },
    refused: {
      'a width of 0': () => pointDistance({ width: 0 }),
      'a curvature of 0': () => pointDistance({ curvature: 0 }),
      'an option that it does not have': () => pointDistance({ delta: 1 } as PointDistanceOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(pointDistance().options).toEqual({ width: 0.04, curvature: 0.008, output: 'points' });
    expect(pointDistance().reads).toEqual({ student: ['points'], teacher: ['points'], labels: false });
  });
});

describeOnCpu('pointDistance, besides its contract', () => {
  test('is the mean of its examples', () => {
    expectPerExample(pointDistance(), randomInputs([6, 5, 2], 1, 'points'));
  });

  test('is steepest at 0, and has a slope of 1 beyond its width', () => {
    const at = (distance: number) =>
      evaluate(pointDistance({ width: 0.1, curvature: 0.02 }), {
        student: { points: { shape: [1, 1, 1], values: [distance] } },
        teacher: { points: { shape: [1, 1, 1], values: [0] } },
      }).student['points']?.[0] as number;
    expect(at(1e-6)).toBeCloseTo(5, 3);
    expect(at(0.08)).toBeCloseTo(0.1 / (0.02 + 0.08), 5);
    expect(at(-0.3)).toBeCloseTo(-1, 6);
  });

  test('compares points of any number of coordinates, and nothing else', () => {
    const shapes = (student: number[], teacher: number[]) => shapesOf(student, teacher, { output: 'points' });
    expect(refusalOf(pointDistance(), shapes([4, 3], [4, 3]))).toBeUndefined();
    expect(refusalOf(pointDistance(), shapes([4], [4]))).toBe('shape-mismatch');
    expect(refusalOf(pointDistance(), shapes([4, 2], [2, 4]))).toBe('shape-mismatch');
  });
});
