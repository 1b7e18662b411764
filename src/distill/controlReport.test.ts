import { expect, test } from 'vitest';
import { controlReport, noControl } from './controlReport.ts';

const report = (accuracy: number, alone: number, teacherAccuracy?: number, heldOut = 2000) =>
  controlReport({
    student: { accuracy, calibrationError: 0.02, ...(teacherAccuracy !== undefined && { teacherAccuracy }) },
    control: { accuracy: alone, calibrationError: 0.1, ...(teacherAccuracy !== undefined && { teacherAccuracy }) },
    heldOut,
    examples: 200,
    ms: 7,
  });

test('tells how much of the gap is closed', () => {
  const half = report(0.85, 0.8, 0.9);
  expect(half).toMatchObject({ isPossible: true, isBeyondChance: true, examples: 200, ms: 7 });
  expect(half.accuracyGain).toBeCloseTo(0.05, 12);
  expect(half.gapClosedFraction).toBeCloseTo(0.5, 12);
  expect(half.changes).toEqual({ accuracy: half.accuracyGain, calibrationError: 0.02 - 0.1 });
  expect(half.verdict).toBe(
    'Distilling gave 85 %, labels alone (200 examples) 80 %; the teacher has 90 %. It helped: 50 % of the gap between ' +
      'labels and teacher is closed. Its calibration error is 2 %, that of labels alone 10 %.',
  );
});

test.each([
  [0.934, 0.839, 0.875, 'It helped, and the student went past its teacher.'],
  [0.9, 0.8, 0.7, 'It helped. '],
  [0.9, 0.8, undefined, 'It helped. '],
  [0.8, 0.81, 0.9, 'no more than chance makes of 2000'],
  [0.7, 0.8, 0.9, 'It did harm, although the teacher knows more'],
  [0.7, 0.8, 0.75, 'It did harm: the labels know more'],
])('student %f, labels alone %f, teacher %s: %s', (accuracy, alone, teacher, sentence) => {
  expect(report(accuracy, alone, teacher).verdict).toContain(sentence);
});

test('has no gap where the teacher is no better than labels alone', () => {
  expect(report(0.9, 0.8, 0.8).gapClosedFraction).toBeUndefined();
  expect(report(0.9, 0.8).gapClosedFraction).toBeUndefined();
});

test('asks for more where fewer examples were held out', () => {
  // Two shares of 0.5 in N examples: 1.96 · √(0.5 / N).
  expect(report(0.65, 0.5, 0.9, 90).isBeyondChance).toBe(true);
  expect(report(0.65, 0.5, 0.9, 80).isBeyondChance).toBe(false);
  expect(report(0.5, 0.5, 0.9, 1e9).isBeyondChance).toBe(false);
});

test('says nothing of accuracies that are not known, and why there is no control', () => {
  const unknown = controlReport({
    student: { agreement: 0.5 },
    control: { agreement: 0.25 },
    heldOut: 4,
    examples: 1,
    ms: 0,
  });
  expect(unknown).toMatchObject({ accuracyGain: undefined, changes: { agreement: 0.25 }, isBeyondChance: false });
  expect(unknown.verdict).toContain('nothing can be said');
  expect(noControl('Because.')).toMatchObject({
    isPossible: false,
    reason: 'Because.',
    verdict: 'Whether the teacher helped is not known. Because.',
  });
});
