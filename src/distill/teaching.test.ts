import { expect, test } from 'vitest';
import { overlapOf } from './teaching.ts';

test.each([
  { name: 'one after the other', teacher: 6, learn: 4, epoch: 10, fraction: 0 },
  { name: 'with gaps', teacher: 3, learn: 2, epoch: 10, fraction: 0 },
  { name: 'at the same time', teacher: 10, learn: 4, epoch: 10, fraction: 1 },
  { name: 'half of the shorter one during the other', teacher: 8, learn: 4, epoch: 10, fraction: 0.5 },
  { name: 'half, with the teacher as the shorter one', teacher: 4, learn: 8, epoch: 10, fraction: 0.5 },
  { name: 'a teacher that continued after the epoch', teacher: 30, learn: 4, epoch: 10, fraction: 1 },
  { name: 'a teacher that had nothing to do', teacher: 0, learn: 10, epoch: 10, fraction: 0 },
])('the overlap of work done $name is $fraction', ({ teacher, learn, epoch, fraction }) => {
  expect(overlapOf(teacher, learn, epoch)).toBeCloseTo(fraction, 12);
});
