import { LimbeckError } from '../../../core/errors.ts';
import { pickRowsOfAll } from '../../../core/rows.ts';
import { formatShape, type NdArray, sizeOf } from '../../../core/shape.ts';
import { batchIndices } from '../../../data/views.ts';
import type * as tf from '../../../runtime/tf.ts';
import type { TrainJob } from '../../job.ts';
import { answerShapes, asker, type SelfTeacher } from './askStudent.ts';

const BATCH = 256;

/**
 * PS-KD: the student's answers to every example at the end of the previous epoch, one row per example (N × C numbers for
 * logits), from a forward pass over all examples after each epoch but the last. In the first epoch the answers are zeros, to
 * which `progressiveTargets` gives no weight.
 * Shapes    none of its own
 * Units     none
 * Throws    unknown-output: an answer that the student does not have · invalid-option: one with a free length
 * Source    Kim, Ji, Yoon, Hwang 2021, §3, arXiv:2006.12000
 * Differs   the authors' code keeps the answers from the steps of that epoch
 */
export async function openPastTeacher(
  { size }: Pick<TrainJob, 'size'>,
  model: tf.LayersModel,
  answers: Readonly<Record<string, string>>,
): Promise<SelfTeacher> {
  const ask = asker(model, answers);
  const shapes = answerShapes(model, answers);
  let table: Record<string, NdArray> | undefined;
  const blank = (count: number) =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => {
        const full = [count, ...fixed(shape, name)];
        return [name, { data: new Float32Array(sizeOf(full)), shape: full }];
      }),
    );
  return {
    answer: async (_, indices) => (table === undefined ? blank(indices.length) : pickRowsOfAll(table, indices)),
    afterStep: () => undefined,
    async afterEpoch({ epoch, epochs }, read) {
      if (epoch === epochs) return;
      const next = table ?? blank(size);
      for (const indices of batchIndices(size, BATCH)) {
        const said = await ask(await read(indices));
        for (const [name, { data }] of Object.entries(said)) {
          // Examples are read in order here.
          next[name]?.data.set(data, (indices[0] as number) * (data.length / indices.length));
        }
      }
      table = next;
    },
    [Symbol.dispose]: () => undefined,
  };
}

function fixed(shape: readonly (number | null)[], name: string): number[] {
  if (shape.every((length) => length !== null)) return [...(shape as readonly number[])];
  throw new LimbeckError(
    'invalid-option',
    `The self teacher's answer "${name}" is ${formatShape([null, ...shape])}; what is kept must have a fixed size. Choose ` +
      'another output, or the self teacher "mean".',
    { details: { name, shape } },
  );
}
