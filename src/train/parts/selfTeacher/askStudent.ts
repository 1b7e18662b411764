import type { NamedArrays } from '../../../core/shape.ts';
import type * as tf from '../../../runtime/tf.ts';
import { tapStudent } from '../../../student/taps.ts';
import type { EpochEvent } from '../../events.ts';
import { predictBatch } from '../../predict.ts';

/** The student at an earlier time, or its average. */
export interface SelfTeacher extends Disposable {
  /** Its answers to some examples, given with their indices. */
  answer(inputs: NamedArrays, indices: Int32Array): Promise<NamedArrays>;
  /** After each step, counted from 1 over the whole run. */
  afterStep(step: number): void;
  /** After each epoch; `read` returns unaugmented examples. */
  afterEpoch(epoch: EpochEvent, read: (indices: Int32Array) => Promise<NamedArrays>): Promise<void>;
}

/** Asks a model for outputs and layers, under the names of the answers. */
export function asker(model: tf.LayersModel, answers: Readonly<Record<string, string>>) {
  const student = tapStudent(model, Object.values(answers));
  return async (inputs: NamedArrays): Promise<NamedArrays> => {
    const outputs = await predictBatch(model, inputs, student);
    return Object.fromEntries(
      Object.entries(answers).map(([name, output]) => [name, outputs[output] as NamedArrays[string]]),
    );
  };
}

/** Shapes of the answers, without the batch. */
export function answerShapes(
  model: tf.LayersModel,
  answers: Readonly<Record<string, string>>,
): Record<string, readonly (number | null)[]> {
  const { outputs } = tapStudent(model, Object.values(answers));
  return Object.fromEntries(Object.entries(answers).map(([name, output]) => [name, outputs[output] ?? []]));
}
