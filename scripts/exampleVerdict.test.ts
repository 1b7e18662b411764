import { expect, test } from 'vitest';
import { verdictOf } from './tables/examples.mjs';

const row = (better: 'higher' | 'lower', teacherValue: number, studentValue: number, controlValue: number) =>
  verdictOf({ better, teacherValue, studentValue, controlValue });

test('a student is compared with its teacher and its control the way its metric is better', () => {
  expect(row('higher', 0.8, 0.78, 0.7)).toBe('2.5 % behind its teacher; better than its control');
  expect(row('higher', 0.8, 0.7, 0.78)).toBe('12.5 % behind its teacher, more than 5 %; not better than its control');
  expect(row('lower', 6, 5.9, 7)).toBe('no worse than its teacher; better than its control');
  expect(row('lower', 6, 7.5, 6)).toBe('25 % behind its teacher, more than 5 %; not better than its control');
});
