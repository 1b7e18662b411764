import { expect, test } from 'vitest';
import { findingsOf } from './teacherFindings.ts';
import type { TeacherFigures } from './teacherReport.ts';

test('of more classes than a call takes arguments, the first favourite is named', () => {
  const predicted = new Array<number>(300_000).fill(1);
  predicted[70] = 9_000_000;
  predicted[71] = 9_000_000;
  const figures = { notFinite: 0, entropyFraction: 0.5, entropyNats: 1, confidence: 0.5, unsureFraction: 0, predicted };
  const findings = findingsOf(figures as unknown as TeacherFigures, 18_300_000, 0.5);
  expect(findings.join()).toMatch(/class 70 is 49(\.\d)? ?%/);
});
