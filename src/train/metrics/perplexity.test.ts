import { describe, expect, test } from 'vitest';
import { measure } from '../measure.ts';
import { perplexity } from './perplexity.ts';
import { teacherPerplexity } from './teacherPerplexity.ts';
import { tokenAccuracy } from './tokenAccuracy.ts';
import { tokenAgreement } from './tokenAgreement.ts';

const log = Math.log;
/** Probabilities of three tokens at two positions of two texts; the last position is padding. */
const student = {
  data: Float32Array.from([0.5, 0.25, 0.25, /**/ 0.2, 0.2, 0.6, /**/ 0.1, 0.8, 0.1, /**/ 1, 1e-9, 1e-9].map(log)),
  shape: [2, 2, 3],
};
const teacher = {
  data: Float32Array.from([0.25, 0.5, 0.25, /**/ 0.1, 0.1, 0.8, /**/ 0.1, 0.8, 0.1, /**/ 1e-9, 1, 1e-9].map(log)),
  shape: [2, 2, 3],
};
const sequences = Int32Array.of(1, 2, 0, -1);

describe('the metrics of texts', () => {
  test('are what their formulas say of the positions that count', () => {
    const mean = -(log(0.25) + log(0.6) + log(0.1)) / 3;
    expect(perplexity.compute({ student, sequences })).toBeCloseTo(Math.exp(mean), 5);
    const ofTeacher = -(log(0.5) + log(0.8) + log(0.1)) / 3;
    expect(teacherPerplexity.compute({ student, teacher, sequences })).toBeCloseTo(Math.exp(ofTeacher), 5);
    expect(tokenAccuracy.compute({ student, sequences })).toBeCloseTo(1 / 3, 9);
    expect(tokenAgreement.compute({ student, teacher, sequences })).toBeCloseTo(2 / 3, 9);
  });

  test('are as many as the tokens for uniform answers, NaN where nothing counts, infinite for no token', () => {
    const uniform = { data: new Float32Array(12), shape: [2, 2, 3] };
    expect(perplexity.compute({ student: uniform, sequences })).toBeCloseTo(3, 9);
    expect(perplexity.compute({ student, sequences: Int32Array.of(-1, -1, -1, -1) })).toBeNaN();
    expect(tokenAccuracy.compute({ student, sequences: Int32Array.of(-1, -1, -1, -1) })).toBeNaN();
    expect(perplexity.compute({ student, sequences: Int32Array.of(3, -1, -1, -1) })).toBe(Number.POSITIVE_INFINITY);
  });

  test('are measured of texts only', () => {
    const named = measure({ student, teacher, sequences }, { kind: 'tokens' });
    expect(Object.keys(named).sort()).toEqual(['perplexity', 'teacherPerplexity', 'tokenAccuracy', 'tokenAgreement']);
    expect(Object.keys(measure({ student, sequences }, { kind: 'tokens' })).sort()).toEqual([
      'perplexity',
      'tokenAccuracy',
    ]);
    expect(measure({ student, sequences })['perplexity']).toBeUndefined();
  });
});
