import { expect, test } from 'vitest';
import { type ComparedRuns, controlReport, noControl } from './controlReport.ts';

/** Of 2,000 held-out examples, those that only one of the two gets right; `shared` are right in neither. */
const report = (
  onlyStudent: number,
  onlyControl: number,
  teacherAccuracy?: number,
  changed: Partial<ComparedRuns> = {},
) => {
  const known = 1500;
  const taught = teacherAccuracy !== undefined && { teacherAccuracy };
  return controlReport({
    student: { accuracy: (known + onlyStudent) / 2000, calibrationError: 0.02, ...taught },
    control: { accuracy: (known + onlyControl) / 2000, calibrationError: 0.1, ...taught },
    pairs: { onlyStudent, onlyControl },
    hadLabels: false,
    examples: 200,
    ms: 7,
    ...changed,
  });
};

test('reports how much of the gap is closed', () => {
  const half = report(200, 100, 0.9);
  expect(half).toMatchObject({ isPossible: true, isBeyondChance: true, examples: 200, ms: 7 });
  expect(half.pairs).toEqual({ onlyStudent: 200, onlyControl: 100 });
  expect(half.accuracyGain).toBeCloseTo(0.05, 12);
  expect(half.gapClosedFraction).toBeCloseTo(0.5, 12);
  expect(half.changes).toEqual({ accuracy: half.accuracyGain, calibrationError: 0.02 - 0.1 });
  expect(half.verdict).toBe(
    'Distilling gave 85 %, labels alone (200 examples) 80 %; the teacher has 90 %. It helped: 50 % of the gap between ' +
      'labels and teacher is closed. Its calibration error is 2 %, that of labels alone 10 %.',
  );
});

test.each([
  [200, 30, 0.8, 'It helped, and the student went past its teacher.'],
  [300, 100, 0.7, 'It helped. '],
  [300, 100, undefined, 'It helped. '],
  [
    120,
    140,
    0.9,
    'Whether it helped is not shown: of 260 held-out examples that only one of them knows, the distilled',
  ],
  [0, 0, 0.9, 'Both are right about the same held-out examples'],
  [100, 300, 0.95, 'It did harm, although the teacher knows more'],
  [100, 300, 0.8, 'It did harm: the labels know more'],
])('right alone: student %i, labels %i, teacher %s: %s', (onlyStudent, onlyControl, teacher, sentence) => {
  expect(report(onlyStudent, onlyControl, teacher).verdict).toContain(sentence);
});

test.each([0.8, 0.95])('advises labels with a teacher of %f only if there are none', (teacher) => {
  expect(report(100, 300, teacher).verdict).toContain('weighted with crossEntropy()');
  const hadLabels = report(100, 300, teacher, { hadLabels: true }).verdict;
  expect(hadLabels).toMatch(/more weight/);
  expect(hadLabels).not.toContain('crossEntropy()');
});

test('has no gap if the teacher is no better than labels alone', () => {
  expect(report(300, 100, 0.8).gapClosedFraction).toBeUndefined();
  expect(report(300, 100).gapClosedFraction).toBeUndefined();
});

test('detects a point if two students are right about nearly the same examples, but not if they differ on many', () => {
  // One point of 2,000 examples either way; comparing two fractions without pairs would say "chance" for both.
  expect(report(20, 40, 0.9)).toMatchObject({ isBeyondChance: true, accuracyGain: expect.closeTo(-0.01, 12) });
  expect(report(200, 220, 0.9)).toMatchObject({ isBeyondChance: false, accuracyGain: expect.closeTo(-0.01, 12) });
});

test('says nothing about unknown accuracies, and explains a missing control', () => {
  const unknown = controlReport({
    student: { agreement: 0.5 },
    control: { agreement: 0.25 },
    pairs: undefined,
    hadLabels: false,
    examples: 1,
    ms: 0,
  });
  expect(unknown).toMatchObject({ accuracyGain: undefined, changes: { agreement: 0.25 }, isBeyondChance: false });
  expect([unknown.pairs, unknown.pValue]).toEqual([undefined, undefined]);
  expect(unknown.verdict).toContain('nothing can be said');
  expect(noControl('Because.')).toMatchObject({
    isPossible: false,
    reason: 'Because.',
    verdict: 'Whether the teacher helped is not known. Because.',
  });
});
