// Answers of a teacher, or of a student, to all examples at once.
import { batches, type Dataset, type LabelledDataset, type NdArray, pick, type Student, UNLABELLED } from 'limbeck';
import { CLASSES } from './amounts.ts';
import type { Setting } from './settings.ts';

/** In 'few' every example gets a label: its own, or else the class that the teacher thinks it is. In 'all' it is the data itself. */
export function namedByTeacher(setting: Setting): Promise<LabelledDataset> {
  const { name, data, unlabelled, labels } = setting;
  if (name === 'all') return Promise.resolve(data);
  return setting.once('named by the teacher', async () => {
    const { data: logits } = await answersOf(setting, 'logits');
    const named = labels.map((label, i) =>
      label === UNLABELLED ? best(logits.subarray(i * CLASSES, (i + 1) * CLASSES)) : label,
    );
    return relabelled(unlabelled, named);
  });
}

/** The same examples with these labels. */
export function relabelled(data: Dataset, labels: Int32Array): LabelledDataset {
  const read = async (indices: Int32Array, signal?: AbortSignal) => ({
    inputs: (await data.read(indices, signal)).inputs,
    labels: indices.map((index) => labels[index] as number),
  });
  return { ...data, hasLabels: true, read };
}

/** The labelled examples of the classes from `from` up to, not including, `to`; their labels less `shift`. */
export async function ofClasses(data: LabelledDataset, from: number, to: number, shift = 0): Promise<LabelledDataset> {
  const { labels } = await data.read(Int32Array.from({ length: data.size }, (_, i) => i));
  const places = [...labels.keys()].filter((i) => (labels[i] as number) >= from && (labels[i] as number) < to);
  const chosen = pick(data, Int32Array.from(places));
  return relabelled(
    chosen,
    Int32Array.from(places, (i) => (labels[i] as number) - shift),
  );
}

/** One output of the teacher for all examples, [N, ...]. */
export async function answersOf({ teacher, unlabelled }: Setting, output: string): Promise<NdArray> {
  return gathered(unlabelled, async (inputs) => (await teacher.ask(inputs))[output]);
}

/** The teacher's logits for all examples of a dataset. */
export async function logitsOfTeacher({ teacher }: Pick<Setting, 'teacher'>, data: Dataset): Promise<NdArray> {
  return gathered(data, async (inputs) => (await teacher.ask(inputs))['logits']);
}

/** A student's logits for all examples of a dataset. */
export async function logitsOf({ trainer }: Setting, student: Student, data: Dataset): Promise<NdArray> {
  return gathered(data, async (inputs) => (await trainer.predict(student, inputs))['logits']);
}

async function gathered(
  data: Dataset,
  ask: (inputs: Awaited<ReturnType<Dataset['read']>>['inputs']) => Promise<NdArray | undefined>,
): Promise<NdArray> {
  const rows: NdArray[] = [];
  for await (const { examples } of batches(data, 250)) {
    const answer = await ask(examples.inputs);
    if (answer === undefined) throw new Error('That output is not among the answers.');
    rows.push(answer);
  }
  const all = new Float32Array(rows.reduce((sum, { data: some }) => sum + some.length, 0));
  let at = 0;
  for (const { data: some } of rows) {
    all.set(some, at);
    at += some.length;
  }
  return { data: all, shape: [data.size, ...(rows[0]?.shape.slice(1) ?? [])] };
}

/** The share of examples whose class the logits tell, among all classes or some. */
export async function accuracy(
  { data: logits }: NdArray,
  holdout: LabelledDataset,
  among: (label: number) => readonly [number, number] = () => [0, CLASSES],
): Promise<number> {
  const { labels } = await holdout.read(Int32Array.from({ length: holdout.size }, (_, i) => i));
  const right = labels.filter((label, i) => {
    const [from, to] = among(label);
    return from + best(logits.subarray(i * CLASSES + from, i * CLASSES + to)) === label;
  });
  return right.length / holdout.size;
}

function best(logits: ArrayLike<number>): number {
  return Array.from(logits).reduce((top, value, c, all) => (value > (all[top] as number) ? c : top), 0);
}
