import type { LabelledDataset, NamedArrays, NdArray, Student, Teacher, Trainer } from 'limbeck';
import type { TeacherTimes } from './answers.ts';
import { SIDE } from './digits.ts';
import type { Disagreement } from './jobReport.ts';

const BATCHES = [1, 32] as const;
const REPEATS = { 1: 21, 32: 5 } as const;
/** Time budget for one model; a slow device repeats less, but at least twice. */
const LONGEST_MS = 1500;

/** Median milliseconds per example at batch 1 and 32, in the teacher's worker. */
export async function measureTeacher(teacher: Teacher, holdout: LabelledDataset): Promise<TeacherTimes> {
  const msPerExample = await perBatch(holdout, (inputs, repeats) => teacher.timeMs(inputs, repeats), 1);
  return { msPerExample, measuredAt: new Date().toISOString() };
}

/** The same in the student's worker. */
export function measureStudent(trainer: Trainer, student: Student, holdout: LabelledDataset) {
  return perBatch(holdout, (inputs, repeats) => trainer.timeMs(student, inputs, repeats), 3);
}

async function perBatch(
  holdout: LabelledDataset,
  time: (inputs: NamedArrays, repeats: number) => Promise<number[]>,
  times: number,
): Promise<Record<string, number>> {
  const result: Record<string, number> = {};
  for (const batch of BATCHES) {
    const { inputs } = await holdout.read(Int32Array.from({ length: batch }, (_, i) => i));
    const values = await time(inputs, 2);
    const left = Math.min(times * REPEATS[batch], Math.floor(LONGEST_MS / median(values))) - values.length;
    if (left > 0) values.push(...(await time(inputs, left)));
    result[batch] = median(values) / batch;
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
