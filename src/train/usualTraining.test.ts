// What people expect of training besides the loop itself: each feature on the loop or the engine, beside what it must equal.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cosine } from '../losses/schedule.ts';
import * as tf from '../runtime/tf.ts';
import { bytesOf, engineOn, problem, sourceOf } from './engineCases.ts';
import { type LoopOptions, trainLoop } from './loop.ts';
import { makers, setUp, trainingOn, weightsOf } from './loopCases.ts';
import { openAccumulate } from './parts/accumulate/openAccumulate.ts';
import { openAverage } from './parts/average/openAverage.ts';
import { stepsWith } from './parts/open.ts';
import type { Part, PartContext } from './parts/part.ts';
import type { RunState } from './state.ts';
import type { StepOptimizer } from './stepOptimizer.ts';

async function learn(options: LoopOptions): Promise<void> {
  for await (const _ of trainLoop(options));
}

/** A run of a job on the loop with one part, which is freed. */
async function withPart(
  open: (context: PartContext) => unknown,
  { options, model }: ReturnType<typeof setUp>,
  job: object,
): Promise<void> {
  const optimizer = options.optimizer as StepOptimizer;
  const part = (await open({ job: { ...options, ...job }, model, optimizer } as unknown as PartContext)) as Part;
  await learn({ ...options, ...stepsWith([part], optimizer), parts: [part] });
  await part.end?.();
}

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  trainingOn(backend);

  test('steps whose gradients are accumulated move the weights as one step of a larger batch', async () => {
    const large = setUp((makers['mlp'] as () => tf.LayersModel)(), { size: 48, batchSize: 16, epochs: 2 });
    await learn(large.options);
    const small = setUp((makers['mlp'] as () => tf.LayersModel)(), { size: 48, batchSize: 8, epochs: 2 });
    await withPart(openAccumulate, small, { accumulate: 2 });
    const [expected, found] = [weightsOf(large.model).flat(), weightsOf(small.model).flat()];
    for (const [i, weight] of found.entries()) expect(weight).toBeCloseTo(expected[i] as number, 5);
    for (const { free } of [large, small]) free();
  });

  test('an epoch ends with an update, of fewer steps if there are no more', async () => {
    const updates: number[] = [];
    const { options, free } = setUp((makers['mlp'] as () => tf.LayersModel)(), { epochs: 2 });
    const own = options.optimizer as StepOptimizer;
    const part = (await openAccumulate({ job: { ...options, accumulate: 5 } } as unknown as PartContext)) as Part;
    let step = 0;
    const watched = {
      applyGradients(given: tf.NamedTensorMap) {
        updates.push(step);
        own.applyGradients(given);
      },
    };
    const counter: Part = {
      async beforeStep(_, at) {
        step = at.step;
      },
    };
    await learn({ ...options, ...stepsWith([part], watched as never), parts: [counter, part] });
    await part.end?.();
    // 50 examples by eights are seven steps.
    expect(updates).toEqual([4, 6, 11, 13]);
    free();
  });

  test('the average is that of PyTorch’s AveragedModel, and the student gets it', async () => {
    const { equalAverage } = JSON.parse(readFileSync(new URL('./golden/schedules.json', import.meta.url), 'utf8')) as {
      equalAverage: { steps: number; first: number; average: number };
    };
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], useBias: false })] });
    const weight = model.weights[0]?.read() as tf.Variable;
    const job = { average: { kind: 'equal', start: equalAverage.first / equalAverage.steps } };
    const part = (await openAverage({ job, model, optimizer: {} } as unknown as PartContext)) as Part;
    for (let step = 0; step < equalAverage.steps; step++) {
      tf.tidy(() => weight.assign(tf.fill([1, 1], (step + 1) ** 2)));
      part.afterStep?.({ step, steps: equalAverage.steps } as never);
    }
    expect(weight.dataSync()[0]).toBe(equalAverage.steps ** 2);
    await part.afterEpoch?.({ epoch: 1, epochs: 1 } as never, {} as never);
    expect(weight.dataSync()[0]).toBeCloseTo(equalAverage.average, 5);
    await part.end?.();
    model.dispose();
  });

  test('a moving average follows the weights from their first step on', async () => {
    const averaged = setUp((makers['batch norm'] as () => tf.LayersModel)(), { epochs: 2 });
    await withPart(openAverage, averaged, { average: true });
    const plain = setUp((makers['batch norm'] as () => tf.LayersModel)(), { epochs: 2 });
    const seen = plain.model.weights.map((one) => (one.read() as tf.Variable).dataSync().slice());
    let step = 0;
    for await (const event of trainLoop(plain.options)) {
      if (event.type !== 'step') continue;
      step++;
      const kept = Math.min(1 - 1 / (step + 1), 0.999);
      for (const [i, one] of plain.model.weights.entries()) {
        const now = (one.read() as tf.Variable).dataSync();
        seen[i] = (seen[i] as Float32Array).map((value, at) => kept * value + (1 - kept) * (now[at] as number));
      }
    }
    const [expected, found] = [seen.flatMap((values) => [...values]), weightsOf(averaged.model).flat()];
    expect(found).not.toEqual(weightsOf(plain.model).flat());
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i] as number, 4);
    for (const { free } of [averaged, plain]) free();
  });
});

describe.each(['cpu', 'wasm'] as const)('a run that goes on, on %s', (backend) => {
  const { train } = engineOn(backend);
  const jobs: Readonly<Record<string, object>> = {
    plain: {},
    'with all that has a state': {
      average: { kind: 'exponential', decay: 0.9 },
      accumulate: 3,
      augment: { noise: 0.1 },
      schedule: { type: 'plateau', patience: 0 },
      optimizer: { name: 'adamw', learningRate: 0.02 },
    },
    scheduled: { schedule: cosine(1, 0), optimizer: { name: 'momentum', learningRate: 0.02 } },
  };

  test.each(Object.keys(jobs))('gives bit for bit the student of one that was not interrupted: %s', async (name) => {
    const job = { epochs: 4, checkpointEpochs: 1, ...jobs[name] };
    const states: RunState[] = [];
    const keepState = async (state: RunState) => void states.push(structuredClone(state));
    const whole = await train(job, { ...sourceOf(problem), keepState });
    expect(whole.error).toBeUndefined();
    expect(states.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    for (const state of states.slice(1)) {
      const rest = await train(job, { ...sourceOf(problem), recallState: async () => state });
      expect(rest.epochs.map(({ epoch }) => epoch)).toEqual([3, 4].slice(state.epoch - 2));
      expect(bytesOf(rest.artifacts)).toEqual(bytesOf(whole.artifacts));
    }
  });

  test('refuses the state of another student, and writes nothing beside its own weights', async () => {
    const states: RunState[] = [];
    const keepState = async (state: RunState) => void states.push(structuredClone(state));
    await train({ epochs: 2, checkpointEpochs: 1 }, { ...sourceOf(problem), keepState });
    const [state] = states;
    const odd = { ...(state as RunState), weights: [{ data: new Float32Array(10_000), shape: [10_000] }] };
    const { error } = await train(
      { epochs: 2, checkpointEpochs: 1 },
      { ...sourceOf(problem), recallState: async () => odd },
    );
    expect(error).toMatchObject({ code: 'shape-mismatch', message: expect.stringContaining('another student') });
  });

  test('ends where it is told that it is enough, with the best epoch’s student', async () => {
    const judge = async (epoch: number) => ({ isBest: epoch === 2, isEnough: epoch === 4 });
    const source = { ...sourceOf(problem), judge };
    const run = await train({ epochs: 9, keepBest: true }, source);
    expect(run.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    const second = await train({ epochs: 2 });
    expect(bytesOf(run.artifacts)).toEqual(bytesOf(second.artifacts));
  });
});
