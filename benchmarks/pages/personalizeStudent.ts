// The student of the main job: a small reader of digits that learned from the text reader, without a label.
import {
  artifactsFromFiles,
  cachedTeacher,
  cnn,
  distill,
  openStore,
  type Student,
  type StudentFiles,
  softTargets,
  studentFromArtifacts,
  type Trainer,
  toFiles,
} from 'limbeck';
import { loadDigits, loadDigitTeacher } from '../../demo/digits.ts';
import { JOB_DEFAULTS } from '../../demo/job.ts';

/** A student's files as values that cross to another process. */
export interface PlainFiles {
  readonly model: string;
  readonly weights: readonly number[];
}

const { signal } = new AbortController();

export function studentFromFiles({ model, weights }: PlainFiles): Student {
  const files: StudentFiles = { 'model.json': model, 'weights.bin': Uint8Array.from(weights) };
  return studentFromArtifacts('cnn', artifactsFromFiles(files));
}

export function filesOf({ artifacts }: Student): PlainFiles {
  if (artifacts === undefined) throw new Error('The student has not learned yet.');
  const { 'model.json': model, 'weights.bin': weights } = toFiles(artifacts);
  return { model, weights: Array.from(weights) };
}

/** With the options of `npm start`. */
export async function distilStudent(trainer: Trainer, seed: number): Promise<Student> {
  await using asked = await loadDigitTeacher(() => undefined, signal);
  await using store = await openStore('limbeck-bench-personalize');
  await using teacher = await cachedTeacher(asked, store, { precision: 'float32' });
  const { data } = await loadDigits(JOB_DEFAULTS.limit, signal);
  const student = cnn({ classes: 10 });
  const run = distill({
    ...{ teacher, student, data, trainer, seed },
    loss: softTargets({ temperature: 4 }),
    optimizer: { name: 'adam', learningRate: 1e-3 },
    epochs: JOB_DEFAULTS.epochs,
    batchSize: 64,
  });
  let lastAt = 0;
  for await (const event of run) {
    if (event.type === 'teacher' && performance.now() - lastAt > 5000) {
      lastAt = performance.now();
      console.log(`the teacher answered ${event.answered} of ${event.total}`);
    }
    if (event.type === 'epoch') console.log(`epoch ${event.epoch} of ${event.epochs}, loss ${event.loss.toFixed(3)}`);
  }
  await run.done;
  return student;
}
