import { beforeAll, describe, expect, test } from 'vitest';
import type { Loss } from '../losses/loss.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import * as tf from '../runtime/tf.ts';
import type { StepEvent } from './events.ts';
import { type LoopOptions, trainLoop } from './loop.ts';
import { makers, SIZE, setUp, trainingOn, weightsOf } from './loopCases.ts';

describe.each(['cpu', 'wasm'] as const)('training on %s', (backendName) => {
  const { heapBytes } = trainingOn(backendName);

  test('keeps no more tensors or heap from the tenth step on', async () => {
    for (const make of Object.values(makers)) {
      const { options, free } = setUp(make(), { epochs: 30 });
      const states: ReturnType<typeof state>[] = [];
      const state = () => {
        const { numTensors, numDataBuffers, numBytes } = tf.memory();
        return { numTensors, numDataBuffers, numBytes, heapBytes: heapBytes() };
      };
      for await (const event of trainLoop(options)) if (event.type === 'step') states.push(state());
      expect(states.length).toBeGreaterThanOrEqual(200);
      // The smaller batch at the end of an epoch leaves batch statistics at another address until the next step.
      const steps = Math.ceil(SIZE / 8);
      for (let i = 10 + steps; i < states.length; i++) expect(states[i]).toEqual(states[i - steps]);
      free();
    }
  });

  test.each(Object.keys(makers))('stops between steps, with the %s as the last step left it', async (name) => {
    const controller = new AbortController();
    const { options, model, free } = setUp((makers[name] as () => tf.LayersModel)(), { signal: controller.signal });
    let steps = 0;
    let left: number[][] = [];
    const run = async () => {
      for await (const event of trainLoop(options)) {
        if (event.type !== 'step') continue;
        steps++;
        left = weightsOf(model);
        if (steps === 3) controller.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ name: 'AbortError' });
    expect(steps).toBe(3);
    expect(weightsOf(model)).toEqual(left);
    free();
  });

  describe.each(Object.keys(makers))('a number that is not finite', (name) => {
    test.each(['inputs', 'teacher'] as const)(
      `in the %s leaves the ${name} as it was before that step`,
      async (where) => {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
          const { options, model, free } = setUp((makers[name] as () => tf.LayersModel)(), {});
          let reads = 0;
          const read = async (indices: Int32Array) => {
            const batch = await options.read(indices);
            if (++reads === 3) Object.values(batch[where])[0]?.data.set([bad], 4);
            return batch;
          };
          let left = weightsOf(model);
          let steps = 0;
          const run = async () => {
            for await (const event of trainLoop({ ...options, read })) {
              if (event.type === 'step') steps++;
              left = weightsOf(model);
            }
          };
          await expect(run()).rejects.toMatchObject({ code: 'not-finite' });
          expect(steps).toBe(2);
          expect(weightsOf(model)).toEqual(left);
          expect(left.flat().every(Number.isFinite)).toBe(true);
          free();
        }
      },
    );
  });

  test.each(Object.keys(makers))(
    'a loss that is not finite leaves the %s unchanged, and says what to do',
    async (name) => {
      const { options, model, free } = setUp((makers[name] as () => tf.LayersModel)(), { loss: lostAfter(4) });
      let left = weightsOf(model);
      const run = async () => {
        for await (const _ of trainLoop(options)) left = weightsOf(model);
      };
      await expect(run()).rejects.toThrow(/"lost" became NaN at epoch 1, step 5;.*learning rate/);
      expect(weightsOf(model)).toEqual(left);
      free();
    },
  );

  test('updates batch statistics in training', async () => {
    const { options, model, free } = setUp((makers['batch norm'] as () => tf.LayersModel)(), { epochs: 1 });
    const before = statisticsOf(model);
    for await (const _ of trainLoop(options));
    const after = statisticsOf(model);
    expect(before.length).toBe(2);
    before.forEach((values, i) => {
      expect(after[i]?.every((value, j) => value !== values[j] && Number.isFinite(value))).toBe(true);
    });
    free();
  });
});

describe('steps that cannot be replayed', () => {
  trainingOn('wasm');

  test.each([
    [undefined, 1],
    [true, 0],
  ])('are reported once, with the reason (isStatic: %s)', async (isStatic, notices) => {
    const made = setUp((makers['mlp'] as () => tf.LayersModel)(), { loss: { ...softTargets(), isStatic } });
    const messages: string[] = [];
    for await (const event of trainLoop(made.options)) if (event.type === 'notice') messages.push(event.message);
    expect(messages).toHaveLength(notices);
    if (notices > 0) expect(messages[0]).toMatch(/one kernel at a time: the loss "softTargets" does not say/);
    made.free();
  });
});

describe('an epoch', () => {
  beforeAll(() => tf.setBackend('cpu').then(() => undefined));

  async function ordersOf(options: Partial<LoopOptions>): Promise<number[][]> {
    const orders: number[][] = [];
    const { options: all, free } = setUp((makers['mlp'] as () => tf.LayersModel)(), options);
    const read = (indices: Int32Array) => {
      orders.push([...indices]);
      return all.read(indices);
    };
    for await (const _ of trainLoop({ ...all, read }));
    free();
    return orders;
  }

  test('sees every example once, in batches, in an order set by seed and epoch', async () => {
    const orders = await ordersOf({ epochs: 2, seed: 3 });
    expect(orders.map(({ length }) => length)).toEqual([8, 8, 8, 8, 8, 8, 2, 8, 8, 8, 8, 8, 8, 2]);
    const epochs = [orders.slice(0, 7).flat(), orders.slice(7).flat()];
    const all = Array.from({ length: SIZE }, (_, i) => i);
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual(all);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(epochs[0]).not.toEqual(all);
    expect(await ordersOf({ epochs: 2, seed: 3 })).toEqual(orders);
    expect(await ordersOf({ epochs: 2, seed: 4 })).not.toEqual(orders);
  });

  test('fills its last batch with its first examples if batches must be even', async () => {
    const orders = await ordersOf({ epochs: 2, batchSize: 40, areBatchesEven: true });
    expect(orders.map(({ length }) => length)).toEqual([25, 25, 25, 25]);
    const odd = await ordersOf({ epochs: 1, batchSize: 8, areBatchesEven: true });
    expect(odd.map(({ length }) => length)).toEqual(Array(7).fill(8));
    expect(odd[6]?.slice(2)).toEqual(odd[0]?.slice(0, 6));
    expect(new Set(odd.flat()).size).toBe(SIZE);
  });

  test('ends after the most steps allowed, and takes the given examples', async () => {
    const steps: number[][] = [];
    const order = Int32Array.of(3, 3, 7, 1, 0);
    const { options, free } = setUp((makers['mlp'] as () => tf.LayersModel)(), { order, batchSize: 2, mostSteps: 5 });
    const epochs: unknown[] = [];
    for await (const event of trainLoop(options)) {
      if (event.type === 'step') steps.push([event.epoch, event.step, event.steps, event.runStep, event.runSteps]);
      if (event.type === 'epoch') epochs.push([event.epoch, event.epochs]);
    }
    free();
    expect(steps).toEqual([
      [1, 1, 3, 1, 5],
      [1, 2, 3, 2, 5],
      [1, 3, 3, 3, 5],
      [2, 1, 2, 4, 5],
      [2, 2, 2, 5, 5],
    ]);
    expect(epochs).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(await ordersOf({ order, batchSize: 2, epochs: 1 })).toEqual([[3, 3], [7, 1], [0]]);
  });

  test('takes a batch larger than the data', async () => {
    expect((await ordersOf({ epochs: 1, batchSize: 1000 })).map(({ length }) => length)).toEqual([SIZE]);
  });

  test('reports the mean loss over its examples, and each step on the way', async () => {
    const { options, free } = setUp((makers['mlp'] as () => tf.LayersModel)(), { epochs: 2 });
    const steps: StepEvent[] = [];
    let epochs = 0;
    for await (const event of trainLoop(options)) {
      if (event.type === 'step') steps.push(event);
      if (event.type !== 'epoch') continue;
      epochs++;
      const sizes = steps.map(({ step }) => (step < 7 ? 8 : 2));
      const mean = steps.reduce((sum, { loss }, i) => sum + loss * (sizes[i] as number), 0) / SIZE;
      expect(event.loss).toBeCloseTo(mean, 12);
      expect(event).toMatchObject({ type: 'epoch', epoch: epochs, epochs: 2 });
      expect(event.examplesPerSecond).toBeGreaterThan(0);
      expect(steps.map(({ step, steps: of, epoch }) => [step, of, epoch])).toEqual(
        Array.from({ length: 7 }, (_, i) => [i + 1, 7, epochs]),
      );
      steps.length = 0;
    }
    expect(epochs).toBe(2);
    free();
  });

  test('ends with the error of a read, even during a step', async () => {
    const { options, free } = setUp((makers['mlp'] as () => tf.LayersModel)(), {});
    let reads = 0;
    const read = async (indices: Int32Array) => {
      if (++reads === 4) throw new Error('the disk is gone');
      return options.read(indices);
    };
    let steps = 0;
    const run = async () => {
      for await (const _ of trainLoop({ ...options, read })) steps++;
    };
    await expect(run()).rejects.toThrow('the disk is gone');
    expect(steps).toBe(3);
    free();
  });
});

/** A loss that is NaN from some step on. */
function lostAfter(steps: number): Loss {
  let computed = 0;
  const compute: Loss['compute'] = (at, tensors) => {
    const value = softTargets().compute(at, tensors);
    return computed++ < steps ? value : (at.mul(value, Number.NaN) as tf.Scalar);
  };
  return { ...softTargets(), name: 'lost', isStatic: false, compute };
}

function statisticsOf(model: tf.LayersModel): number[][] {
  return model.weights.filter(({ trainable }) => !trainable).map((weight) => Array.from(weight.read().dataSync()));
}
