import { describe, expect, test } from 'vitest';
import { currentKernels, type InstalledKernels } from '../runtime/kernels/install.ts';
import * as tf from '../runtime/tf.ts';
import { applyStudent, buildStudent, orderInputs } from '../student/build.ts';
import { mobilenetV1 } from '../student/zoo/mobilenetV1.ts';
import { trainingOn } from './loopCases.ts';
import { readAdaptation } from './parts/adaptation/adaptation.ts';
import { chooseLearned } from './parts/adaptation/learned.ts';
import { tapedFrom } from './reachedTape.ts';
import { gradientsOf, toTensors, variablesOf } from './step.ts';
import { batchOf, CLASSES, loss } from './stepperCases.ts';

const SHAPE = [32, 32, 3];
const BATCH = 8;

/** What one backward pass computes, and the memory of its plan. */
async function stepOf(which: 'all' | 'last block') {
  const student = mobilenetV1({ inputShape: [32, 32, 3], alpha: 0.1, classes: CLASSES });
  const model = await buildStudent(await student.portable(), 3);
  // The last block and the layer behind it.
  const layers = model.layers.filter(({ weights }) => weights.length > 0).map(({ name }) => name);
  const chosen = which === 'all' ? undefined : chooseLearned(model, readAdaptation({ layers: layers.slice(-5) }));
  const mode = which === 'all' ? ('training' as const) : ('inference' as const);
  const options = { model, loss, optimizer: tf.train.sgd(0.1), mode };
  const variables = variablesOf(options);
  const batch = batchOf({ shape: SHAPE }, BATCH, 1);
  const tensors = toTensors(batch, orderInputs(model, batch.inputs));
  const { record } = currentKernels() as InstalledKernels;
  // Twice, so that scratch memory has its size.
  const { value, grads } = gradientsOf(options, variables, tensors);
  const { result, plan, ...rest } = record(() => gradientsOf(options, variables, tensors));
  expect('why' in rest ? rest.why : '').toBe('');
  const numbers = Object.values(grads).map((gradient) => [...gradient.dataSync()]);
  const bytes = plan?.bytes ?? Number.NaN;
  plan?.dispose();
  const free = () => {
    tf.dispose([value, grads, result.value, result.grads, tensors as unknown as tf.TensorContainerObject]);
    chosen?.[Symbol.dispose]();
    options.optimizer.dispose();
    model.dispose();
  };
  return { model, variables, tensors, numbers, bytes, free };
}

describe('a tape of what learns', () => {
  trainingOn('wasm');

  test('has the gradients of a tape of everything', async () => {
    const { model, variables, tensors, numbers, free } = await stepOf('last block');
    const { inputs, ...read } = tensors;
    const compute = () => loss.compute(tf, { ...read, student: applyStudent(model, inputs, 'inference') });
    const whole = tf.tidy(() =>
      Object.values(tf.variableGrads(compute, variables).grads).map((gradient) => [...gradient.dataSync()]),
    );
    free();
    expect(numbers).toEqual(whole);
    expect(numbers.flat().some((value) => value !== 0)).toBe(true);
  });

  test('of the last block takes a quarter of the memory of all layers, and less', async () => {
    const [all, last] = [await stepOf('all'), await stepOf('last block')];
    for (const { free } of [all, last]) free();
    expect(all.bytes).toBeGreaterThan(4 * last.bytes);
  });

  test('leaves tfjs as it was, also behind an error, and keeps no tensor of it', () => {
    const before = [tf.engine().runKernel, Object.keys(tf.engine()).length, tf.memory().numTensors];
    const fail = () => {
      throw new Error('a layer failed');
    };
    expect(() => tf.tidy(() => tapedFrom([], fail))).toThrow('a layer failed');
    expect([tf.engine().runKernel, Object.keys(tf.engine()).length, tf.memory().numTensors]).toEqual(before);
    tf.tidy(() => {
      const w = tf.variable(tf.tensor1d([3, 4]));
      const cost = () => tf.sum(tf.mul(tf.square(tf.tensor1d([1, 2])), w)) as tf.Scalar;
      const { value, grads } = tapedFrom([w], () => tf.variableGrads(cost, [w]));
      expect([...value.dataSync(), ...(grads[w.name] as tf.Tensor).dataSync()]).toEqual([19, 1, 4]);
      w.dispose();
    });
  });
});
