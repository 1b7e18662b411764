import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import type { Loss } from '../losses/loss.ts';
import { specOf } from '../losses/spec.ts';
import type { Student } from '../student/student.ts';
import { declaredInputs, matchInputs } from '../student/topology/declaredInputs.ts';
import type { TrainJob } from '../train/engine.ts';
import { missingOutput } from '../train/missingOutput.ts';
import { moveBatch, readInputs } from '../train/moveBatch.ts';
import { readCheckpoints } from '../train/parts/checkpoints/checkpoints.ts';
import { ownAnswers, partsOf } from '../train/parts/options.ts';
import type { Trainer } from '../train/trainer.ts';
import { askTeacher } from './askTeacher.ts';
import { besideInputs, checkFinite } from './checkExamples.ts';
import { DISTILL, type DistillOptions } from './distillOptions.ts';
import type { Teaching } from './teaching.ts';

/** The trainer's job, before the teacher's answers are known. */
export async function makeJob(options: DistillOptions, student: Student, loss: Loss): Promise<TrainJob> {
  const { data, epochs = epochsFor(data.size), batchSize, optimizer = {}, seed, holdout } = DISTILL.read(options);
  return {
    student: await student.portable(),
    loss: specOf(loss),
    ...{ size: data.size, epochs, batchSize, optimizer, seed },
    ...partsOf(options),
    ...(options.checkpoints && { checkpointEpochs: readCheckpoints(options.checkpoints).everyEpochs }),
    holdoutSize: holdout?.size ?? 0,
  };
}

/**
 * How often a student sees each of so many examples, where nothing says otherwise. Six times is enough for the 8,000 digits of
 * `npm start`. Fewer make fewer steps, but as many steps would be too many: accuracy on digits stops to rise at about 40 epochs
 * of 100 or 300 and at 15 of 1,300.
 */
export function epochsFor(examples: number): number {
  return Math.min(Math.max(6, Math.ceil(6 * Math.sqrt(8000 / examples))), 60);
}

/** The outputs that the loss reads of an external teacher. */
export function outerReads(options: DistillOptions, { reads }: Loss): string[] {
  const own = ownAnswers(options);
  return reads.teacher.filter((name) => !own.includes(name));
}

/** Losses that read values directly, not as logits. */
const READS_VALUES = ['regression', 'boundedRegression'];

/**
 * The teacher outputs that a loss reads as logits: those with that name, or those compared with the student's logits.
 */
export function logitOutputs(options: DistillOptions, loss: Loss): string[] {
  const outer = outerReads(options, loss);
  const named =
    outer.includes(DEFAULT_OUTPUT) || !loss.reads.student.includes(DEFAULT_OUTPUT) ? [DEFAULT_OUTPUT] : outer;
  const readers = (name: string) => leavesOf(loss).filter(({ reads }) => reads.teacher.includes(name));
  return named.filter((name) => !readers(name).some((one) => READS_VALUES.includes(one.name)));
}

function leavesOf(loss: Loss): readonly Loss[] {
  return loss.terms === undefined || loss.terms.length === 0 ? [loss] : loss.terms.flatMap(leavesOf);
}

/** Runs one small batch all the way through, so that errors show before the long work starts. */
export async function checkFirstBatch(
  options: DistillOptions,
  job: TrainJob,
  loss: Loss,
  trainer: Trainer,
  signal: AbortSignal,
) {
  const { teacher, data, teacherData, teacherChannels = teacher?.description.channels } = options;
  const declared = declaredInputs(job.student);
  if (declared !== undefined) matchInputs(declared, data.inputs);
  const indices = Int32Array.from({ length: Math.min(2, data.size) }, (_, i) => i);
  const examples = await data.read(indices, signal);
  checkFinite(examples, 0);
  const outer = outerReads(options, loss);
  const isAsked = teacher !== undefined && outer.length > 0;
  const seen = isAsked && teacherData !== undefined ? await teacherData.read(indices, signal) : examples;
  checkFinite(seen, 0);
  const answers = isAsked ? await askTeacher(teacher, seen.inputs, signal) : {};
  const missing = isAsked ? outer.find((name) => answers[name] === undefined) : undefined;
  if (missing !== undefined) throw missingOutput(missing, Object.keys(answers));
  // Known only now: a GPU with other results than wasm is abandoned at the first answer. There it would see what the
  // student sees, and its answers could not be joined with a part's own.
  const isColocated =
    isAsked && teacherData === undefined && ownAnswers(options).length === 0 && trainer.isColocated(teacher);
  const read = Object.entries(answers).filter(([name]) => outer.includes(name));
  const checked: TrainJob = {
    ...job,
    asksColocatedTeacher: isColocated,
    teacherShapes: Object.fromEntries(read.map(([name, { shape }]) => [name, shape.slice(1)])),
    channelsFirst:
      teacherChannels === 'first' ? read.filter(([, { shape }]) => shape.length === 4).map(([name]) => name) : [],
  };
  const batch = {
    inputs: examples.inputs,
    teacher: isColocated ? {} : Object.fromEntries(read),
    ...besideInputs(loss, examples),
  };
  return { job: checked, studentDescription: await trainer.check(checked, batch, signal) };
}

/** Gives the trainer examples and the teacher's answers on request. */
export function makeSource(
  { data, teacherData, holdout }: DistillOptions,
  loss: Loss,
  lessons: Teaching,
  signal: AbortSignal,
) {
  return {
    async read(indices: Int32Array) {
      const examples = await data.read(indices, signal);
      const { inputs } = examples;
      const teacher = await lessons.rows(indices, teacherData === undefined ? inputs : undefined);
      const batch = { inputs, teacher, ...besideInputs(loss, examples) };
      // A teacher that was just asked may keep its inputs and its answers.
      return lessons.areKept() ? moveBatch(batch, data) : batch;
    },
    readInputs: (indices: Int32Array) => readInputs(data, indices, signal),
    readHoldout: async (indices: Int32Array) => (holdout === undefined ? {} : readInputs(holdout, indices, signal)),
  };
}
