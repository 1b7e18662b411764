import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../core/errors.ts';
import { isLayersModel, studentFromModel } from '../student/layersModel.ts';
import type { Student, StudentArtifacts } from '../student/student.ts';
import { type DistillOptions, distill } from './distill.ts';
import type { DistillEvent } from './events.ts';

const HANDED_ON = ['batchSize', 'optimizer', 'augment', 'holdout', 'seed', 'trainer', 'signal'] as const;

/** What a scheme of several rounds hands on to each of them, as `distill` takes it. */
export type RoundOptions = Pick<DistillOptions, (typeof HANDED_ON)[number]>;

export const ROUND_OPTIONS: readonly string[] = HANDED_ON;

/** What a round of a scheme tells while it runs; rounds are counted from 1. */
export type RoundEvent = DistillEvent & { readonly round: number };

/** Of a scheme's options, those that it hands on. */
export function handedOn(options: RoundOptions): RoundOptions {
  const given = HANDED_ON.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]));
  return Object.fromEntries(given) as RoundOptions;
}

/** One run of `distill` inside a scheme; its events carry the number of the round. */
export async function distillRound(options: DistillOptions, round: number, emit: (event: RoundEvent) => void) {
  const run = distill(options);
  for await (const event of run) emit({ ...event, round });
  return run.done;
}

export function asStudent(student: Student | LayersModel): Student {
  return isLayersModel(student) ? studentFromModel(student) : student;
}

/** Throws    student-invalid: it was never trained, or is made of others */
export async function trainedArtifacts(student: Student, scheme: string): Promise<StudentArtifacts> {
  if (typeof student?.portable !== 'function') {
    throw new LimbeckError('student-invalid', `${scheme} needs a student: one of limbeck's zoo or a tf.LayersModel.`);
  }
  const portable = await student.portable();
  if (portable.kind === 'artifacts') return portable.artifacts;
  throw new LimbeckError(
    'student-invalid',
    `${scheme} starts from what a student knows, and "${student.name}" has no weights yet. Train it first.`,
  );
}
