import type { LabelledDataset, NdArray, Student, Teacher, Trainer } from 'limbeck';
import { SIDE } from './digits.ts';
import type { Disagreement } from './jobReport.ts';

const BATCHES = [1, 32] as const;
const REPEATS = { 1: 30, 32: 8 } as const;

/** Median milliseconds an example at batch 1 and 32, where each model runs. */
export async function measureLatency(trainer: Trainer, teacher: Teacher, student: Student, holdout: LabelledDataset) {
  const result: { teacher: Record<string, number>; student: Record<string, number> } = { teacher: {}, student: {} };
  for (const batch of BATCHES) {
    const { inputs } = await holdout.read(Int32Array.from({ length: batch }, (_, i) => i));
    result.teacher[batch] = median(await teacher.timeMs(inputs, REPEATS[batch])) / batch;
    result.student[batch] = median(await trainer.timeMs(student, inputs, 3 * REPEATS[batch])) / batch;
  }
  return result;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function answerOf({ data, shape }: NdArray, example: number): number {
  const classes = shape[1] ?? 0;
  let best = 0;
  for (let c = 1; c < classes; c++) {
    if ((data[example * classes + c] ?? 0) > (data[example * classes + best] ?? 0)) best = c;
  }
  return best;
}

export function confusion(logits: NdArray, labels: Int32Array): number[][] {
  const counts = Array.from({ length: 10 }, () => new Array<number>(10).fill(0));
  labels.forEach((label, i) => {
    const row = counts[label] as number[];
    const answer = answerOf(logits, i);
    row[answer] = (row[answer] ?? 0) + 1;
  });
  return counts;
}

const MOST_SHOWN = 60;

export function disagreements(
  teacher: NdArray,
  student: NdArray,
  labels: Int32Array,
  pixels: Uint8Array,
): Disagreement[] {
  const found: Disagreement[] = [];
  for (let i = 0; i < labels.length && found.length < MOST_SHOWN; i++) {
    const answers = { teacher: answerOf(teacher, i), student: answerOf(student, i) };
    if (answers.teacher === answers.student) continue;
    const image = pixels.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE);
    found.push({ pixels: btoa(String.fromCharCode(...image)), label: labels[i] ?? -1, ...answers });
  }
  return found;
}
