import type { Dataset, NamedArrays, NdArray, Student, Teacher, Trainer } from 'limbeck';
import type { TeacherTimes } from './answers.ts';
import type { Disagreement, Shown } from './jobReport.ts';

const BATCHES = [1, 32] as const;
const REPEATS = { 1: 21, 32: 5 } as const;
/** Time budget for one model; a slow device repeats less, but at least twice. */
const LONGEST_MS = 1500;

/** Median milliseconds per example at batch 1 and 32, in the teacher's worker. */
export async function measureTeacher(teacher: Teacher, holdout: Dataset): Promise<TeacherTimes> {
  const msPerExample = await perBatch(holdout, (inputs, repeats) => teacher.timeMs(inputs, repeats), 1);
  return { msPerExample, measuredAt: new Date().toISOString() };
}

/** The same in the student's worker. */
export function measureStudent(trainer: Trainer, student: Student, holdout: Dataset) {
  return perBatch(holdout, (inputs, repeats) => trainer.timeMs(student, inputs, repeats), 3);
}

async function perBatch(
  holdout: Dataset,
  time: (inputs: NamedArrays, repeats: number) => Promise<number[]>,
  times: number,
): Promise<Record<string, number>> {
  const result: Record<string, number> = {};
  for (const batch of BATCHES) {
    // A small holdout is asked about more than once.
    const { inputs } = await holdout.read(Int32Array.from({ length: batch }, (_, i) => i % holdout.size));
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

/** Examples that are read and answered at a time: pictures of a whole holdout are too much for some devices. */
const AT_ONCE = 256;

/** The rows that `ask` gives for every example of a dataset, in order, and the labels if there are any. */
export async function askAll(
  dataset: Dataset,
  ask: (inputs: NamedArrays) => Promise<NdArray>,
): Promise<{ readonly answers: NdArray; readonly labels: Int32Array | undefined }> {
  const parts: NdArray[] = [];
  const labels = dataset.hasLabels ? new Int32Array(dataset.size) : undefined;
  for (let from = 0; from < dataset.size; from += AT_ONCE) {
    const length = Math.min(AT_ONCE, dataset.size - from);
    const examples: { inputs: NamedArrays; labels?: Int32Array } = await dataset.read(
      Int32Array.from({ length }, (_, i) => from + i),
    );
    parts.push(await ask(examples.inputs));
    if (examples.labels) labels?.set(examples.labels, from);
  }
  const classes = parts[0]?.shape.at(-1) ?? 0;
  const data = new Float32Array(dataset.size * classes);
  for (const [i, part] of parts.entries()) data.set(part.data, i * AT_ONCE * classes);
  return { answers: { data, shape: [dataset.size, classes] }, labels };
}

export function confusion(logits: NdArray, labels: Int32Array): number[][] {
  const classes = logits.shape[1] ?? 0;
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, i) => {
    const row = counts[label];
    const answer = answerOf(logits, i);
    if (row) row[answer] = (row[answer] ?? 0) + 1;
  });
  return counts;
}

const MOST_SHOWN = 60;

/** The first examples to which teacher and student give different answers. */
export async function disagreements(
  teacher: NdArray,
  student: NdArray,
  labels: Int32Array | undefined,
  show: (index: number) => Promise<Shown>,
): Promise<Disagreement[]> {
  const found: Disagreement[] = [];
  for (let i = 0; i < (teacher.shape[0] ?? 0) && found.length < MOST_SHOWN; i++) {
    const answers = { teacher: answerOf(teacher, i), student: answerOf(student, i) };
    if (answers.teacher === answers.student) continue;
    found.push({ ...(await show(i)), label: labels?.[i] ?? -1, ...answers });
  }
  return found;
}
