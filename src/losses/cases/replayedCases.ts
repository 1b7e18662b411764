// Random tensors for a loss, and whether its steps can be recorded and replayed. Only tests import this file.
import { expect } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { sizeOf } from '../../core/shape.ts';
import { currentKernels, type InstalledKernels } from '../../runtime/kernels/install.ts';
import * as tf from '../../runtime/tf.ts';
import type { Loss, LossParameter, LossShapes } from '../loss.ts';
import { mapEntries } from './lossCases.ts';

type Named = Record<string, tf.Tensor>;

interface Tensors {
  readonly student: Named;
  readonly teacher: Named;
  readonly parameters: Named;
  /** Names of those parameters that learn. */
  readonly trained: readonly string[];
  readonly labels: tf.Tensor1D;
  readonly sequences?: tf.Tensor2D;
  readonly indices: tf.Tensor1D;
  readonly exampleWeights?: tf.Tensor1D;
  readonly numbers?: tf.Tensor1D;
}

/** What a loss reads of a batch: single numbers from 0 to 1, others from −2 to 2, labels and sequences of four classes. */
export function randomTensors(loss: Loss, shapes: LossShapes, batch: number, seed = 1): Tensors {
  const random = seededRandom(seed);
  const values = (shape: readonly (number | null)[]) => {
    const lengths = shape.map((length) => length ?? 1);
    const next = lengths.length === 0 ? random : () => 4 * random() - 2;
    return tf.tensor(Float32Array.from({ length: batch * sizeOf(lengths) }, next), [batch, ...lengths]);
  };
  const whole = (below: number) => tf.tensor1d(Int32Array.from({ length: batch }, () => Math.floor(random() * below)));
  const asked: Readonly<Record<string, LossParameter>> = loss.parameters?.(shapes) ?? {};
  const parameters = mapEntries(asked, ({ shape }) =>
    tf.tensor(
      Float32Array.from({ length: sizeOf(shape) }, () => 2 * random() - 1),
      [...shape],
    ),
  );
  const numbers = loss.numbers?.({ step: seed, steps: 9, epoch: 2, epochs: 3 });
  return {
    student: mapEntries(shapes.student, values),
    teacher: mapEntries(shapes.teacher, values),
    parameters,
    trained: Object.keys(asked).filter((name) => asked[name]?.isTrained !== false),
    labels: whole(4),
    ...(loss.reads.sequences && { sequences: sequencesOf(batch, random) }),
    indices: whole(shapes.examples),
    ...(loss.reads.exampleWeights && { exampleWeights: tf.tensor1d(Float32Array.from({ length: batch }, random)) }),
    ...(numbers && { numbers: tf.tensor1d([...numbers]) }),
  };
}

/** Value and gradient go through compiled kernels only, and give the same bits for another batch when they are replayed. */
export function expectReplayed(loss: Loss, shapes: LossShapes): void {
  expect(loss.isStatic).toBe(true);
  const kernels = currentKernels() as InstalledKernels;
  const [first, second] = [1, 2].map((seed) => randomTensors(loss, shapes, shapes.batchSize, seed)) as [
    Tensors,
    Tensors,
  ];
  const expected = slopesOf(loss, second);
  // Once before, so that scratch memory is as large as it must be.
  tf.dispose(slopesOf(loss, first));
  const recording = kernels.record(() => slopesOf(loss, first));
  expect('why' in recording ? recording.why : '').toBe('');
  const [slots, given] = [flat(first), flat(second)];
  slots.forEach((slot, i) => {
    const data = (given[i] as tf.Tensor).dataSync();
    kernels.bytes().set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), kernels.addressOf(slot));
  });
  recording.plan?.run();
  const bitsOf = (tensors: readonly tf.Tensor[]) =>
    tensors.map((tensor) => [...new Int32Array(tensor.dataSync().slice().buffer)]);
  expect(bitsOf(recording.result)).toEqual(bitsOf(expected));
  recording.plan?.dispose();
  tf.dispose([recording.result, expected, slots, given]);
}

/** One or two of the classes 1 to 3 for each example; the longest row has room for three. */
function sequencesOf(batch: number, random: () => number): tf.Tensor2D {
  const rows = Array.from({ length: batch }, () =>
    [0, 1, 2].map((i) => (i === 0 || (i === 1 && random() < 0.5) ? 1 + Math.floor(3 * random()) : -1)),
  );
  return tf.tensor2d(rows, [batch, 3], 'int32');
}

function flat({
  student,
  teacher,
  parameters,
  labels,
  sequences,
  indices,
  exampleWeights,
  numbers,
}: Tensors): tf.Tensor[] {
  const named = [student, teacher, parameters].flatMap((side) => Object.values(side));
  return [...named, labels, sequences, indices, exampleWeights, numbers].filter((tensor) => tensor !== undefined);
}

/** The value, and its slopes by the student's outputs and by the parameters that learn. */
function slopesOf(loss: Loss, { student, parameters, trained, ...rest }: Tensors): tf.Tensor[] {
  const outputs = Object.keys(student);
  return tf.tidy(() => {
    const { value, grads } = tf.valueAndGrads((...given: tf.Tensor[]) => {
      const named = (names: readonly string[], from: number): Named =>
        Object.fromEntries(names.map((name, i) => [name, given[from + i] as tf.Tensor]));
      const learned = { ...parameters, ...named(trained, outputs.length) };
      return loss.compute(tf, { ...rest, student: named(outputs, 0), parameters: learned });
    })([...Object.values(student), ...trained.map((name) => parameters[name] as tf.Tensor)]);
    return [value, ...grads];
  });
}
