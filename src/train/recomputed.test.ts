import { describe, expect, test } from 'vitest';
import { currentKernels, type InstalledKernels } from '../runtime/kernels/install.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent, orderInputs } from '../student/build.ts';
import { mobilenetV1 } from '../student/zoo/mobilenetV1.ts';
import { resnet8 } from '../student/zoo/resnet8.ts';
import { trainingOn } from './loopCases.ts';
import { makeOptimizer } from './optimizer.ts';
import { gradientsOf, toTensors, trainStep, variablesOf } from './step.ts';
import { openStepper } from './stepper.ts';
import { batchOf, type Case, CLASSES, loss, setUp, students } from './stepperCases.ts';

const SHAPE = [48, 48, 3];
/** Their maps are most of a step's memory. */
const LARGE: Record<string, Case> = {
  mobilenet: { student: () => mobilenetV1({ inputShape: SHAPE, classes: CLASSES }), shape: SHAPE },
  'resnet8, whose blocks add what stands before them': {
    student: () => resnet8({ inputShape: SHAPE, classes: CLASSES }),
    shape: SHAPE,
  },
};

/** Loss and gradients of one step, the memory of its plan, and tensors that it leaves. */
async function stepOf({ student, shape }: Case, recompute: boolean) {
  const model = await buildStudent(await student().portable(), 3);
  const options = { model, loss, optimizer: tf.train.sgd(0.1), recompute };
  const variables = variablesOf(options);
  const batch = batchOf({ shape }, 8, 1);
  const tensors = toTensors(batch, orderInputs(model, batch.inputs));
  const { record } = currentKernels() as InstalledKernels;
  const before = tf.memory().numTensors;
  // Twice, so that scratch memory has its size.
  const { value, grads } = gradientsOf(options, variables, tensors);
  const left = tf.memory().numTensors - before - 1 - Object.keys(grads).length;
  const { result, plan, ...rest } = record(() => gradientsOf(options, variables, tensors));
  const numbers = [value, ...Object.values(grads)].map((one) => [...one.dataSync()]);
  const bytes = plan?.bytes ?? Number.NaN;
  plan?.dispose();
  tf.dispose([value, grads, result.value, result.grads, tensors as unknown as tf.TensorContainerObject]);
  options.optimizer.dispose();
  model.dispose();
  return { numbers, bytes, why: 'why' in rest ? rest.why : undefined, left };
}

/** Eager steps, the recording, its proof, and replayed ones. */
const STEPS = 6;

async function learned(one: Case, recompute: boolean) {
  const { options, free } = await setUp(one);
  const stepper = openStepper({ ...options, recompute });
  const losses = Array.from({ length: STEPS }, (_, step) => stepper.step(batchOf(one, 4, step), ''));
  const { why } = stepper;
  const weights = options.model.getWeights().map((weight) => [...weight.dataSync()]);
  stepper[Symbol.dispose]();
  free();
  return { losses, weights, why };
}

describe('a forward pass that is computed again', () => {
  trainingOn('wasm');

  test.each(Object.entries(LARGE))('has the same gradients in little more than half the memory: %s', async (_, one) => {
    const [whole, again] = [await stepOf(one, false), await stepOf(one, true)];
    expect(again.numbers).toEqual(whole.numbers);
    expect([whole.why, again.why, whole.left, again.left]).toEqual([undefined, undefined, 0, 0]);
    expect(again.bytes).toBeLessThan(0.7 * whole.bytes);
  });

  test.each(Object.entries(students))('gives the same student, bit for bit, in recorded steps: %s', async (_, one) => {
    const again = await learned(one, true);
    expect(again).toEqual(await learned(one, false));
    expect(again.why).toBeUndefined();
  });

  test('draws the masks of dropout once, and leaves what has gradients of its own as it is', () => {
    const { layers } = tf;
    const make = () => {
      const own = [
        layers.dense({ units: 24, inputShape: [12] }),
        layers.dropout({ rate: 0.4, seed: 1 }),
        layers.dense({ units: 24, activation: 'selu' }),
        layers.dropout({ rate: 0.4, seed: 2 }),
        layers.dense({ units: CLASSES }),
      ];
      const model = tf.sequential({ layers: own });
      const seeded = model.getWeights().map(({ shape }, i) => tf.randomUniform(shape, -0.5, 0.5, 'float32', i));
      model.setWeights(seeded);
      tf.dispose(seeded);
      return model;
    };
    const results = [false, true].map((recompute) => {
      const options = { model: make(), optimizer: makeOptimizer(tf, { learningRate: 0.01 }), loss, recompute };
      const variables = variablesOf(options);
      const losses = Array.from({ length: 3 }, (_, seed) =>
        trainStep(options, variables, batchOf({ shape: [12] }, 4, seed), ''),
      );
      options.optimizer.dispose();
      options.model.dispose();
      return losses;
    });
    expect(results[1]).toEqual(results[0]);
  });
});
