import { expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { neighboursKept } from './neighboursKept.ts';

/** Points of a half circle, by their angles in degrees. */
const at = (...degrees: number[]) => ({
  data: Float32Array.from(degrees.flatMap((d) => [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)])),
  shape: [degrees.length, 2],
});
const random = seededRandom(4);
const noise = (count: number, width: number) => ({
  data: Float32Array.from({ length: count * width }, () => random() - 0.5),
  shape: [count, width],
});

test('is the share of nearest neighbours that both have in common: one in five here', () => {
  // Nearest by the teacher: 1, 0, 1, 4, 3. By the student: 1, 0, 3, 2, 3.
  const teacher = at(0, 10, 25, 80, 90);
  const student = at(0, 10, 60, 75, 110);
  expect(neighboursKept.compute({ student, teacher })).toBeCloseTo(3 / 5, 12);
});

test('is 1 for a rotated, scaled or longer space, which has the same neighbours', () => {
  const teacher = noise(50, 3);
  const student = {
    data: Float32Array.from({ length: 200 }, (_, i) =>
      i % 4 === 3 ? 0 : -5 * (teacher.data[Math.floor(i / 4) * 3 + (i % 4)] as number),
    ),
    shape: [50, 4],
  };
  expect(neighboursKept.compute({ student, teacher })).toBe(1);
});

test('is neighbours ÷ other examples by chance, also if not all are compared', () => {
  expect(neighboursKept.compute({ student: noise(2000, 8), teacher: noise(2000, 8) })).toBeCloseTo(10 / 255, 1);
});

test('is NaN for two examples, and if an answer is NaN', () => {
  expect(neighboursKept.compute({ student: noise(2, 2), teacher: noise(2, 2) })).toBeNaN();
  const broken = { data: Float32Array.of(1, Number.NaN, 0, 1, 1, 1), shape: [3, 2] };
  expect(neighboursKept.compute({ student: broken, teacher: noise(3, 2) })).toBeNaN();
});
