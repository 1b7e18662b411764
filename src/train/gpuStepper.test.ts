import { describe, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { gpuStep } from './gpuStepper.ts';
import type { LoopOptions } from './loop.ts';
import { makers, setUp, trainingOn, weightsOf } from './loopCases.ts';
import { makeOptimizer } from './optimizer.ts';
import type { OptimizerName } from './optimizerOptions.ts';
import { trainStep } from './step.ts';

const variablesOf = (model: tf.LayersModel) => model.trainableWeights.map((weight) => weight.read() as tf.Variable);
const batchOf = ({ read }: LoopOptions, step: number) =>
  read(Int32Array.from({ length: 8 }, (_, i) => (8 * step + i) % 50));

// The GPU itself is tested in e2e; the step uses tfjs operations that every backend has.
describe.each(['cpu', 'wasm'] as const)('a step with asynchronous results, on %s', (backendName) => {
  trainingOn(backendName);

  test.each(['adam', 'lamb', 'sgd'] satisfies OptimizerName[])('equals a synchronous step: %s', async (name) => {
    const make = makers['batch norm'] as () => tf.LayersModel;
    const [one, other] = [setUp(make(), {}), setUp(make(), {})];
    other.model.setWeights(one.model.getWeights());
    const [here, there] = [makeOptimizer(tf, { name, clipNorm: 1 }), makeOptimizer(tf, { name, clipNorm: 1 })];
    for (let step = 0; step < 4; step++) {
      const batch = await batchOf(one.options, step);
      const waited = await gpuStep({ ...one.options, optimizer: here }, variablesOf(one.model), batch, '');
      const plain = trainStep({ ...other.options, optimizer: there }, variablesOf(other.model), batch, '');
      expect(waited).toBe(plain);
    }
    // Norms are summed in float32 here, and in float64 there.
    const others = weightsOf(other.model).flat();
    const differences = weightsOf(one.model)
      .flat()
      .map((value, i) => Math.abs(value - (others[i] as number)));
    expect(Math.max(...differences)).toBeLessThan(1e-6);
    here.dispose();
    there.dispose();
    one.free();
    other.free();
  });

  test('leaves the student unchanged if an answer is not finite, and releases the answers', async () => {
    const { options, model, free } = setUp((makers['batch norm'] as () => tf.LayersModel)(), {});
    const batch = await batchOf(options, 0);
    const before = weightsOf(model);
    let done = 0;
    const onGpu = {
      tensors: () => ({ logits: tf.fill([8, 3], Number.NaN) }),
      done: () => void done++,
    };
    const step = gpuStep(options, variablesOf(model), { ...batch, teacher: {}, onGpu }, 'step 1');
    await expect(step).rejects.toMatchObject({ code: 'not-finite', message: expect.stringContaining('step 1') });
    expect(weightsOf(model)).toEqual(before);
    expect(done).toBe(1);
    free();
  });

  test('names the weight whose gradient is not finite, and changes none', async () => {
    const { options, model, free } = setUp((makers['mlp'] as () => tf.LayersModel)(), {});
    const before = weightsOf(model);
    const loss = {
      ...options.loss,
      compute: (at: typeof tf, { student }: { student: Readonly<Record<string, tf.Tensor>> }) => {
        const logits = student['logits'] as tf.Tensor;
        // The root of zero is zero, with an infinite slope.
        return at.add(at.mean(logits), at.sum(at.sqrt(at.mul(logits, 0)))) as tf.Scalar;
      },
    };
    const step = gpuStep({ ...options, loss }, variablesOf(model), await batchOf(options, 0), '');
    await expect(step).rejects.toMatchObject({ code: 'not-finite', message: expect.stringContaining('gradient') });
    expect(weightsOf(model)).toEqual(before);
    free();
  });
});
