import { pickRows, pickRowsOfAll } from '../core/rows.ts';
import type { Lesson } from './method.ts';

/** A lesson without some of the person's examples. */
export function withoutExamples(lesson: Lesson, left: Int32Array): Lesson {
  if (left.length === 0) return lesson;
  const isLeft = new Set(left);
  const rows = Int32Array.from(lesson.labels.keys()).filter((i) => !isLeft.has(i));
  return {
    ...lesson,
    inputs: pickRowsOfAll(lesson.inputs, rows),
    labels: Int32Array.from(rows, (i) => lesson.labels[i] as number),
    size: rows.length,
    own: lesson.own - left.length,
    features: pickRows(lesson.features, rows),
    logits: pickRows(lesson.logits, rows),
  };
}
