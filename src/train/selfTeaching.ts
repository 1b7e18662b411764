import { throwIfAborted } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import type * as tf from '../runtime/tf.ts';
import type { TrainJob, TrainSource } from './engine.ts';
import type { EpochEvent } from './loop.ts';
import type { NearBatch } from './near.ts';
import { answersOf } from './selfTeacher.ts';
import { openMeanTeacher } from './selfTeachers/mean.ts';
import { openPastTeacher } from './selfTeachers/past.ts';

/** The student as it was, or on average has been. */
export interface SelfTeacher extends Disposable {
  /** What it says of some examples, and by number which they are. */
  answer(inputs: NamedArrays, indices: Int32Array): Promise<NamedArrays>;
  /** After each step, counted from 1 over the whole run. */
  afterStep(step: number): void;
  /** After each epoch; `read` gives examples as they are. */
  afterEpoch(epoch: EpochEvent, read: (indices: Int32Array) => Promise<NamedArrays>): Promise<void>;
}

/** What a run with a self teacher does beside its steps. */
export interface SelfTeaching extends Disposable {
  /** To be told of each batch before and after it is varied. */
  remember(varied: NearBatch, asItIs: NearBatch): NearBatch;
  /** Adds the answers to a batch: right before its step, when the one before is through. */
  complete(batch: NearBatch, indices: Int32Array): Promise<NearBatch>;
  afterStep(): void;
  /** Throws    AbortError */
  afterEpoch(epoch: EpochEvent, signal?: AbortSignal): Promise<void>;
}

/** Without a self teacher it does nothing. */
export async function openSelfTeaching(
  job: TrainJob,
  model: tf.LayersModel,
  source: Pick<TrainSource, 'readInputs'>,
): Promise<SelfTeaching> {
  const { selfTeacher } = job;
  if (selfTeacher === undefined) {
    return {
      remember: (varied) => varied,
      complete: async (batch) => batch,
      afterStep: () => undefined,
      afterEpoch: async () => undefined,
      [Symbol.dispose]: () => undefined,
    };
  }
  const answers = answersOf(selfTeacher);
  const teacher = await (selfTeacher.kind === 'mean'
    ? openMeanTeacher(job, model, answers, selfTeacher)
    : openPastTeacher(job, model, answers));
  const inputsOf = new WeakMap<NearBatch, NamedArrays>();
  let steps = 0;
  return {
    remember(varied, { inputs }) {
      inputsOf.set(varied, inputs);
      return varied;
    },
    async complete(batch, indices) {
      const own = await teacher.answer(inputsOf.get(batch) ?? batch.inputs, indices);
      return { ...batch, teacher: { ...batch.teacher, ...own } };
    },
    afterStep: () => teacher.afterStep(++steps),
    afterEpoch: (epoch, signal) =>
      teacher.afterEpoch(epoch, async (indices) => {
        throwIfAborted(signal);
        return source.readInputs(indices);
      }),
    [Symbol.dispose]: () => teacher[Symbol.dispose](),
  };
}
