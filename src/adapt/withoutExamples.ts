import { pickRows, pickRowsOfAll } from '../core/rows.ts';
import { type Lesson, originalsOf } from './method.ts';

/** A lesson without some of the person's examples, and without their copies. */
export function withoutExamples(lesson: Lesson, left: Int32Array): Lesson {
  if (left.length === 0) return lesson;
  const isLeft = new Set(left);
  const { own, copies = 0 } = lesson;
  const originals = originalsOf(lesson);
  const rows = Int32Array.from(lesson.labels.keys()).filter((i) => i >= own || !isLeft.has(i % originals));
  return {
    ...lesson,
    inputs: pickRowsOfAll(lesson.inputs, rows),
    labels: Int32Array.from(rows, (i) => lesson.labels[i] as number),
    size: rows.length,
    own: own - left.length * (1 + copies),
    features: pickRows(lesson.features, rows),
    logits: pickRows(lesson.logits, rows),
  };
}
