import { afterEach, describe, expect, test, vi } from 'vitest';
import type { NdArray } from '../core/shape.ts';
import { beginOnWasm, readBinaries } from '../runtime/kernels/cases/binaryCases.ts';
import { installKernels } from '../runtime/kernels/install.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from './build.ts';
import { openForward } from './forward.ts';
import type { Student } from './student.ts';
import { cnn } from './zoo/cnn.ts';
import { dsCnn } from './zoo/dsCnn.ts';
import { mlp } from './zoo/mlp.ts';
import { resnet8 } from './zoo/resnet8.ts';
import { transformerTiny } from './zoo/transformerTiny.ts';

const binaryOf = readBinaries();
beginOnWasm();

const owned: { dispose(): unknown }[] = [];
afterEach(() => {
  for (const each of owned.splice(0).reverse()) each.dispose();
});

function batchFor(model: tf.LayersModel, size: number, seed = 0): NdArray[] {
  return model.inputs.map(({ shape, dtype }) => {
    const lengths = [size, ...shape.slice(1).map((length) => length ?? 5)];
    const values = Array.from({ length: lengths.reduce((a, b) => a * b) }, (_, i) => (i * 7 + seed) % 5);
    return { data: dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values), shape: lengths };
  });
}

async function open(student: Student) {
  const model = await buildStudent(await student.portable(), 1);
  const forward = openForward(model);
  owned.push(model, { dispose: forward[Symbol.dispose] });
  const apply = vi.spyOn(model, 'apply');
  const ask = async (inputs: readonly NdArray[]) => Array.from(Object.values(await forward.run(inputs))[0]?.data ?? []);
  const directly = (inputs: readonly NdArray[]) => {
    using other = openForward(model);
    return Promise.resolve(other.run(inputs)).then((answers) => Array.from(Object.values(answers)[0]?.data ?? []));
  };
  return { model, forward, apply, ask, directly };
}

const images = { inputShape: [16, 16, 1], classes: 4 } as const;

describe('answers that are replayed', () => {
  test.each([
    ['mlp', mlp({ inputShape: [12], classes: 4 })],
    ['cnn', cnn(images)],
    ['dsCnn', dsCnn(images)],
    ['resnet8', resnet8({ ...images, inputShape: [32, 32, 3] })],
    ['transformerTiny', transformerTiny({ vocabulary: 8, length: 5, classes: 4 })],
  ] as const)('%s: equal those of tfjs bit for bit, on one thread and on two', async (_, student) => {
    for (const threads of [1, 2]) {
      await installKernels(binaryOf('simd'), threads, { leastSharedNs: 0 });
      const { model, apply, ask, directly } = await open(student);
      for (let i = 0; i < 5; i++) await ask(batchFor(model, 2, i));
      apply.mockClear();
      const answers = await ask(batchFor(model, 2, 9));
      expect(apply).not.toHaveBeenCalled();
      expect(answers).toEqual(await directly(batchFor(model, 2, 9)));
      for (const each of owned.splice(0).reverse()) each.dispose();
    }
  });

  test('see what the model has learned since, wherever its weights are now', async () => {
    await installKernels(binaryOf('simd'));
    const { model, apply, ask, directly } = await open(mlp({ inputShape: [12], classes: 4 }));
    const inputs = batchFor(model, 1);
    for (let i = 0; i < 4; i++) await ask(inputs);
    const before = await ask(inputs);
    tf.tidy(() => model.setWeights(model.getWeights().map((weight) => tf.add(weight, 0.5))));
    apply.mockClear();
    const after = await ask(inputs);
    expect(apply).toHaveBeenCalled();
    expect(after).not.toEqual(before);
    expect(after).toEqual(await directly(inputs));
    // Replayed again, and the other batch size has a plan of its own.
    for (let i = 0; i < 4; i++) await ask(inputs);
    expect(await ask(inputs)).toEqual(after);
    expect((await ask(batchFor(model, 3))).slice(0, 4)).toEqual(after);
  });
});

describe('nothing is replayed', () => {
  test('off the kernels', async () => {
    await tf.setBackend('cpu');
    const { model, apply, ask } = await open(mlp({ inputShape: [12], classes: 4 }));
    for (let i = 0; i < 5; i++) await ask(batchFor(model, 1));
    expect(apply).toHaveBeenCalledTimes(5);
  });

  test('of a layer that nobody knows', async () => {
    class Counting extends tf.layers.Layer {
      static className = 'CountingForward';
      calls = 0;
      override call(inputs: tf.Tensor | tf.Tensor[]) {
        return tf.add([inputs].flat()[0] as tf.Tensor, this.calls++);
      }
    }
    await installKernels(binaryOf('simd'));
    const input = tf.input({ shape: [2] });
    const model = tf.model({ inputs: input, outputs: new Counting().apply(input) as tf.SymbolicTensor });
    using forward = openForward(model);
    owned.push(model);
    const sums: number[] = [];
    for (let i = 0; i < 5; i++) sums.push((await forward.run(batchFor(model, 1)))['logits']?.data[0] as number);
    expect(sums.map((sum) => sum - (sums[0] as number))).toEqual([0, 1, 2, 3, 4]);
  });
});

test('what is kept for it is freed with it, and arrays of a wrong size write nothing', async () => {
  await installKernels(binaryOf('simd'));
  const { model, forward, ask } = await open(cnn(images));
  await ask(batchFor(model, 1));
  const before = tf.memory().numTensors;
  for (let i = 0; i < 4; i++) await ask(batchFor(model, 1));
  expect(tf.memory().numTensors).toBeGreaterThan(before);
  const [array] = batchFor(model, 1) as [NdArray];
  const answers = await ask([array]);
  await expect(forward.run([{ data: new Float32Array(array.data.length + 64), shape: array.shape }])).rejects.toThrow();
  expect(await ask([array])).toEqual(answers);
  forward[Symbol.dispose]();
  expect(tf.memory().numTensors).toBe(before);
});
