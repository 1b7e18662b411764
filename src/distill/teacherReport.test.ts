import { describe, expect, test } from 'vitest';
import golden from '../train/metrics/golden/metrics.json' with { type: 'json' };
import { disagreementsOf, type FiguresOptions, figuresOf } from './teacherReport.ts';

const working: FiguresOptions = { name: 'teacher', given: 'logits', confidence: 0.5, labels: undefined };

/** The examples of an array in the opposite order. */
function reversed(data: Float32Array, classes: number): Float32Array {
  const rows = Array.from({ length: data.length / classes }, (_, i) => data.subarray(i * classes, (i + 1) * classes));
  return Float32Array.from(rows.reverse().flatMap((row) => [...row]));
}

describe.each(golden.cases)('equals PyTorch: $shape, scale $scale', ({ shape, scale, logits, labels, ...needed }) => {
  const answers = { data: Float32Array.from(logits, (k) => (scale * k) / 16), shape };
  const classes = shape[1] as number;
  const close = (actual: number | undefined, value: number) =>
    expect(Math.abs((actual ?? Number.NaN) - value)).toBeLessThan(1e-6);

  test('confidence and accuracy', () => {
    const figures = figuresOf(answers, { ...working, labels: Int32Array.from(labels) });
    close(figures.entropyNats, needed.entropy);
    if (classes > 1) close(figures.entropyFraction, needed.entropy / Math.log(classes));
    close(figures.truth?.accuracy, needed.accuracy);
    close(figures.truth?.negativeLogLikelihood, needed.negativeLogLikelihood);
    close(figures.truth?.calibrationError, needed.calibrationError);
    for (const counts of [figures.predicted, figures.confidences, figures.truth?.confusion.flat() ?? []]) {
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(shape[0]);
    }
  });

  test('the disagreement of two', () => {
    const other = { data: reversed(answers.data, classes), shape };
    const [pair, ...rest] = disagreementsOf([answers, other], ['logits', 'logits']);
    close(pair?.jensenShannonNats, needed.jensenShannon);
    expect([pair?.teachers, rest]).toEqual([[0, 1], []]);
  });
});

/** Probabilities of three classes. */
const probs = {
  data: Float32Array.of(0.75, 0.25, 0, /**/ 0.5, 0.25, 0.25, /**/ 0, 0, 1, /**/ 0.5, 0.5, 0),
  shape: [4, 3],
};

test('counts by hand what four answers say', () => {
  const labels = Int32Array.of(0, 1, 2, 0);
  const figures = figuresOf(probs, { ...working, given: 'probs', confidence: 0.6, labels });
  expect(figures).toMatchObject({
    notFinite: 0,
    isConstant: false,
    looksLikeProbs: false,
    confidence: 0.6875,
    confidences: [0, 0, 0, 0, 2, 0, 0, 1, 0, 1],
    unsureFraction: 0.5,
    predicted: [3, 0, 1],
    truth: {
      accuracy: 0.75,
      confusion: [
        [2, 0, 0],
        [1, 0, 0],
        [0, 0, 1],
      ],
      classAccuracy: [1, 0, 1],
      // Probabilities of 0 stay 0 at every temperature.
      fitted: undefined,
    },
  });
  const log = Math.log;
  expect(figures.entropyNats).toBeCloseTo((log(2) * (0.5 + 1.5 + 0 + 1) + 0.75 * log(4 / 3)) / 4, 6);
  expect(figures.truth?.negativeLogLikelihood).toBeCloseTo((log(4 / 3) + log(4) + 0 + log(2)) / 4, 6);
});

test('excludes NaN answers from all other figures, and counts them', () => {
  const broken = { data: probs.data.slice(), shape: probs.shape };
  broken.data[4] = Number.NaN;
  const labels = Int32Array.of(0, 1, 2, 0);
  const figures = figuresOf(broken, { ...working, given: 'probs', labels });
  expect(figures).toMatchObject({ notFinite: 1, predicted: [2, 0, 1], truth: { accuracy: 1 } });
  expect(figures.truth?.classAccuracy[1]).toBeNaN();
  expect(disagreementsOf([broken, probs], ['probs', 'probs'])[0]).toMatchObject({ fraction: 0, jensenShannonNats: 0 });
  const all = figuresOf({ ...broken, data: broken.data.fill(Number.NaN) }, { ...working, labels });
  expect(all).toMatchObject({ notFinite: 4, isConstant: false, predicted: [0, 0, 0], truth: undefined });
});

test('compares only labelled examples with labels', () => {
  const some = figuresOf(probs, { ...working, given: 'probs', labels: Int32Array.of(0, 1, -1, -1) });
  expect(some).toMatchObject({ predicted: [3, 0, 1], truth: { accuracy: 0.5, classAccuracy: [1, 0, Number.NaN] } });
  const none = figuresOf(probs, { ...working, given: 'probs', labels: new Int32Array(4).fill(-1) });
  expect(none.truth).toBeUndefined();
});

test('detects a constant answer, and probabilities that were said to be logits', () => {
  const same = { data: Float32Array.of(1, 3, 1, 3, 1, 3), shape: [3, 2] };
  expect(figuresOf(same, working)).toMatchObject({ isConstant: true, looksLikeProbs: false });
  expect(figuresOf({ data: same.data.subarray(0, 2), shape: [1, 2] }, working)).toMatchObject({ isConstant: false });
  expect(figuresOf(probs, working)).toMatchObject({ isConstant: false, looksLikeProbs: true });
  expect(figuresOf(probs, { ...working, given: 'probs' })).toMatchObject({ looksLikeProbs: false });
});

test('tells every pair apart: 0 for the same, log 2 for opposite certainties', () => {
  const [a, b] = [Float32Array.of(1, 0, 0, 1), Float32Array.of(0, 1, 0, 1)].map((data) => ({ data, shape: [2, 2] }));
  const pairs = disagreementsOf([a, b, a] as (typeof probs)[], ['probs', 'probs', 'probs']);
  expect(pairs).toEqual([
    { teachers: [0, 1], fraction: 0.5, jensenShannonNats: Math.log(2) / 2 },
    { teachers: [0, 2], fraction: 0, jensenShannonNats: 0 },
    { teachers: [1, 2], fraction: 0.5, jensenShannonNats: Math.log(2) / 2 },
  ]);
});

test('refuses labels that are not classes of the teacher, or not one for each', () => {
  const code = (labels: number[]) => () => figuresOf(probs, { ...working, labels: Int32Array.from(labels) });
  expect(code([0, 1, 2, 3])).toThrow(expect.objectContaining({ code: 'class-mismatch' }));
  expect(code([0, 1, 2])).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
});
