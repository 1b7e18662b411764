import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import type { NdArray } from '../../core/shape.ts';
import type { Metric } from '../../train/metric.ts';
import { accuracy } from '../../train/metrics/accuracy.ts';
import { negativeLogLikelihood } from '../../train/metrics/negativeLogLikelihood.ts';
import { decide, isUndecided } from './guard.ts';
import { GUARD } from './guardOptions.ts';
import { type Judged, judge } from './judged.ts';

const CLASSES = 10;
const labelsOf = (count: number) => Int32Array.from({ length: count }, (_, i) => i % CLASSES);
const drawn = (count: number, random: () => number) =>
  Int32Array.from({ length: count }, () => Math.floor(CLASSES * random()));

/** Answers of which about so many name the truth; wrong ones are less sure. */
function answers(truth: Int32Array, right: number, random: () => number): NdArray {
  const data = new Float32Array(truth.length * CLASSES).map(() => random());
  for (const [i, label] of truth.entries()) {
    const isRight = random() < right;
    const at = isRight ? label : Math.floor(CLASSES * random());
    data[i * CLASSES + at] = (data[i * CLASSES + at] as number) + (isRight ? 4 : 2);
  }
  return { data, shape: [truth.length, CLASSES] };
}

const figures = (own: Partial<Judged>): Judged => ({
  ...{ before: 0.9, after: 0.9, examples: 100, gained: 0, lost: 0, likelihoodGain: 0, tellsLabels: true },
  ...own,
});

describe('what judges', () => {
  test('meaningless labels are refused, whatever the base says of the true ones', () => {
    for (const count of [20, 100]) {
      let accepted = 0;
      for (let seed = 0; seed < 200; seed++) {
        const random = seededRandom(seed);
        const truth = labelsOf(count);
        const before = answers(truth, 0.92, random);
        // What was learned from such labels names them no more often than others.
        const after = answers(drawn(count, random), 0.92, random);
        const own = judge({ before, after, labels: drawn(count, random) }, accuracy);
        if (decide({}, own, undefined).isAccepted) accepted++;
      }
      expect(accepted, `of 200 with ${count} examples`).toBeLessThanOrEqual(4);
    }
  });

  test('a base that reads few of a person’s and learns to read most is taken', () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = seededRandom(seed);
      const labels = labelsOf(20);
      const own = judge(
        { before: answers(labels, 0.1, random), after: answers(labels, 0.8, random), labels },
        accuracy,
      );
      expect(decide({}, own, undefined)).toMatchObject({ isAccepted: true });
    }
  });

  test('labels of which half are wrong are refused where the base knows better', () => {
    let accepted = 0;
    for (let seed = 0; seed < 100; seed++) {
      const random = seededRandom(seed);
      const truth = labelsOf(100);
      const labels = truth.map((label) => (random() < 0.5 ? label : Math.floor(CLASSES * random())));
      const own = judge({ before: answers(truth, 0.92, random), after: answers(truth, 0.6, random), labels }, accuracy);
      if (decide({}, own, undefined).isAccepted) accepted++;
    }
    expect(accepted).toBeLessThanOrEqual(2);
  });

  test('more or less sure answers are no difference', () => {
    const labels = labelsOf(50);
    const before = answers(labels, 0.7, seededRandom(1));
    const after = { data: before.data.map((logit) => 3 * logit), shape: before.shape };
    const own = judge({ before, after, labels }, negativeLogLikelihood);
    expect(own.likelihoodGain).toBeCloseTo(0, 3);
    expect(own.after).not.toBeCloseTo(own.before, 2);
    expect(own).toMatchObject({ gained: 0, lost: 0, examples: 50, tellsLabels: true });
  });

  test('classes that the base does not know are unlikely, and a number still', () => {
    const labels = Int32Array.of(0, 1, 2, 2);
    const before = { data: Float32Array.of(2, 0, /**/ 0, 2, /**/ 1, 0, /**/ 1, 0), shape: [4, 2] };
    const after = { data: Float32Array.of(2, 0, 0, /**/ 0, 2, 0, /**/ 1, 0, 2, /**/ 1, 0, 2), shape: [4, 3] };
    const own = judge({ before, after, labels }, accuracy);
    expect(own).toMatchObject({ gained: 2, lost: 0 });
    expect(own.likelihoodGain).toBeGreaterThan(10);
    expect(Number.isFinite(own.likelihoodGain)).toBe(true);
  });

  test('answers that are no numbers are refused', () => {
    const labels = labelsOf(40);
    const before = answers(labels, 0.5, seededRandom(1));
    const after = { data: new Float32Array(400).fill(Number.NaN), shape: [40, CLASSES] };
    expect(decide({}, judge({ before, after, labels }, accuracy), undefined).isAccepted).toBe(false);
  });
});

describe('the decision', () => {
  // "bold" of the ten people: 20 held-out examples, all of them read before.
  const two = { before: 1, after: 0.9, examples: 20, lost: 2 };

  test('two losses of 20 may be chance: the likelihood decides', () => {
    expect(isUndecided(figures(two), {})).toBe(true);
    expect(decide({}, figures({ ...two, likelihoodGain: 0.02 }), undefined)).toMatchObject({
      isAccepted: true,
      why: expect.stringContaining('2 lost and 0 gained, which may be chance'),
    });
    const against = decide({}, figures({ ...two, likelihoodGain: -0.02 }), undefined);
    expect(against).toMatchObject({ isAccepted: false, why: expect.stringContaining('accuracy went from 1 to 0.9') });
  });

  test('losses that chance does not make are refused, whatever became likelier', () => {
    const own = figures({ before: 0.9, after: 0.8, lost: 12, gained: 2, likelihoodGain: 1 });
    expect(isUndecided(own, {})).toBe(false);
    expect(decide({}, own, undefined).isAccepted).toBe(false);
    expect(decide({ tolerance: 0.1 }, own, undefined).isAccepted).toBe(true);
  });

  test('what tells nothing is refused, but where it gains beyond chance, or all is tolerated', () => {
    const own = figures({ before: 0.1, after: 0.12, gained: 6, lost: 4, tellsLabels: false });
    expect(decide({}, own, undefined)).toMatchObject({
      isAccepted: false,
      why: expect.stringContaining('mean anything'),
    });
    expect(decide({ tolerance: 1 }, own, undefined).isAccepted).toBe(true);
    const better = figures({ before: 0, after: 0.4, gained: 8, examples: 20, tellsLabels: false });
    expect(decide({}, better, undefined).isAccepted).toBe(true);
  });

  test('the base is held to what was measured', () => {
    const base = { before: 0.994, after: 0.98 };
    expect(decide({}, figures({ after: 0.95 }), base)).toMatchObject({
      isAccepted: false,
      why: expect.stringContaining('base’s examples accuracy went from 0.994 to 0.98'),
    });
    expect(decide({ baseTolerance: 0.02 }, figures({ after: 0.95 }), base).isAccepted).toBe(true);
  });

  test('the likelihood as metric knows no chance', () => {
    const own = figures({ before: 0.3, after: 0.31, likelihoodGain: 1 });
    expect(decide({ metric: 'negativeLogLikelihood' }, own, undefined).isAccepted).toBe(false);
    expect(decide({ metric: 'negativeLogLikelihood', tolerance: 0.02 }, own, undefined).isAccepted).toBe(true);
  });

  const missedThrees: Metric = {
    name: 'missedThrees',
    better: 'lower',
    reads: { teacher: false, labels: true },
    compute: ({ student, labels = new Int32Array(0) }) => {
      const threes = labels.filter((label) => label === 3).length;
      return 1 - accuracy.compute({ student, labels }) * (threes / labels.length);
    },
  };

  test('a metric of one’s own decides by its own direction', () => {
    const own = figures({ before: 0.4, after: 0.5 });
    expect(decide({ metric: missedThrees }, own, undefined)).toMatchObject({
      isAccepted: false,
      why: expect.stringContaining('missedThrees went from 0.4 to 0.5'),
    });
    expect(decide({ metric: { ...missedThrees, better: 'higher' } }, own, undefined).isAccepted).toBe(true);
  });

  test('a metric that no student can answer is refused', () => {
    const invalid = expect.objectContaining({ code: 'invalid-option' });
    expect(() => GUARD.read({ metric: { ...missedThrees, reads: { teacher: true, labels: true } } })).toThrow(invalid);
    expect(() => GUARD.read({ metric: { ...missedThrees, reads: { teacher: false, labels: false } } })).toThrow(
      invalid,
    );
    expect(() => GUARD.read({ metric: {} as Metric })).toThrow(invalid);
    expect(() => GUARD.read({ metric: missedThrees })).not.toThrow();
  });
});
