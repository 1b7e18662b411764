import { expect, test } from 'vitest';
import { BUDGETS_BYTES, bestWithin, bytesOf, studentsFor } from '../demo/distil/students.ts';
import { buildStudent } from '../src/student/build.ts';

const SHAPES: readonly (readonly number[])[] = [[28, 28, 1], [96, 96, 3], [50, 48, 3], [100, 160, 1], [13]];

test.each(SHAPES.map((shape) => [shape.join(' × '), shape] as const))(
  'the students offered for %s have the weights that the page tells',
  async (_, shape) => {
    const choices = studentsFor(shape, 7);
    expect(choices.length).toBeGreaterThan(2);
    for (const choice of choices) {
      const model = await buildStudent(await choice.make().portable(), 0);
      expect([choice.id, choice.parameters]).toEqual([choice.id, model.countParams()]);
      expect(model.inputs[0]?.shape.slice(1)).toEqual(shape);
      model.dispose();
    }
  },
);

test('what is taken within a budget is never larger than it, and digits get the cnn', () => {
  for (const shape of SHAPES) {
    for (const budget of BUDGETS_BYTES) {
      const best = bestWithin(studentsFor(shape, 10), budget);
      if (best !== undefined) expect(bytesOf(best)).toBeLessThanOrEqual(budget);
    }
  }
  expect(bestWithin(studentsFor([28, 28, 1], 10), BUDGETS_BYTES[2])?.id).toBe('cnn');
  expect(bestWithin(studentsFor([4000], 10), BUDGETS_BYTES[0])).toBeUndefined();
});
