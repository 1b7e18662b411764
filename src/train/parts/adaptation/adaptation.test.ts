import { describe, expect, test } from 'vitest';
import type { NamedArrays, NdArray } from '../../../core/shape.ts';
import * as tf from '../../../runtime/tf.ts';
import { artifactsOf } from '../../../student/layersModel.ts';
import { engineOn, FEATURES, problem, SIZE, sourceOf } from '../../engineCases.ts';
import type { TrainJob, TrainSource } from '../../job.ts';
import { expectNear, factorsByAutograd, gradientsByExample, plus, RATE, valuesOf } from './adaptationCases.ts';

const whole = { batchSize: SIZE, optimizer: { name: 'sgd', learningRate: RATE } } as const;

describe.each(['cpu', 'wasm'] as const)('an adaptation on %s', (backendName) => {
  const { train } = engineOn(backendName);
  const run = async (changed: Partial<TrainJob>, source?: TrainSource) => {
    const outcome = await train(changed, source);
    if (outcome.error !== undefined) throw outcome.error;
    return outcome;
  };
  /** The first example twice: a private run takes the first for a blank one. */
  const blankFirst = (): TrainSource => {
    let next = -1;
    const source = sourceOf(problem);
    return { ...source, read: () => source.read(Int32Array.of(Math.max(0, next++))) };
  };

  test('low-rank: the weights are the initial ones plus the product, and follow the gradients of both factors', async () => {
    const adaptation = { learns: 'low-rank', rank: 2, alpha: 6 } as const;
    const start = await run({ ...whole, epochs: 0, adaptation });
    const after = await run({ ...whole, epochs: 6, adaptation });
    const [before, now] = [valuesOf(start.artifacts), valuesOf(after.artifacts)];
    const products = after.adapted?.lowRank ?? {};
    const kernels = Object.keys(before).filter((name) => name.endsWith('kernel'));
    expect(Object.keys(products).sort()).toEqual(kernels.sort());
    for (const name of Object.keys(before)) {
      const product = products[name];
      if (product === undefined) expect(now[name]).toEqual(before[name]);
      else expectNear(now[name] as NdArray, plus(before[name] as NdArray, product), 1e-6);
    }
    const expected = await factorsByAutograd(start.artifacts, start.adapted?.lowRank ?? {}, 3, 6);
    for (const name of kernels) {
      // Values of some units, after six steps of float32.
      expectNear({ data: products[name]?.right as Float32Array, shape: [] }, expected[name] as NdArray, 1e-4);
    }
    expect(after.epochs.at(-1)?.loss).toBeLessThan(0.9 * (after.epochs[0]?.loss as number));
  });

  test('a matrix that is no larger than its factors learns as a whole', async () => {
    const { adapted } = await run({ ...whole, adaptation: { learns: 'low-rank', rank: 4 } });
    // [8, 16] is larger than 4 · (8 + 16); [16, 4] is not larger than 4 · (16 + 4).
    expect(Object.values(adapted?.lowRank ?? {}).map(({ left }) => left.length)).toEqual([FEATURES * 4]);
  });

  test('only the selected weights learn, and in the saved student all are trainable as before', async () => {
    const start = valuesOf((await run({ ...whole, epochs: 0 })).artifacts);
    const changedBy = async (adaptation: TrainJob['adaptation']) => {
      const { artifacts } = await run({ ...whole, epochs: 2, adaptation });
      expect(artifacts.weightSpecs.map(({ name }) => name)).toEqual(Object.keys(start));
      return Object.entries(valuesOf(artifacts))
        .filter(([name, { data }]) => data.some((value, i) => value !== start[name]?.data[i]))
        .map(([name]) => name);
    };
    const names = Object.keys(start);
    expect(await changedBy({ learns: 'all' })).toEqual(names);
    expect(await changedBy({ learns: 'biases' })).toEqual(names.filter((name) => name.endsWith('bias')));
    expect(await changedBy({ layers: ['logits'] })).toEqual(names.filter((name) => name.startsWith('logits')));
    expect(await changedBy({ learns: 'nothing' })).toEqual([]);
  });

  test('impossible options are refused', async () => {
    await expect(run({ adaptation: { layers: ['none'] } })).rejects.toMatchObject({ code: 'unknown-output' });
    await expect(run({ adaptation: { learns: 'norms' } })).rejects.toMatchObject({ code: 'student-not-trainable' });
    await expect(run({ adaptation: { statistics: 'mean' } })).rejects.toMatchObject({ code: 'student-not-trainable' });
    await expect(run({ adaptation: { rank: 0 } })).rejects.toMatchObject({ code: 'invalid-option' });
    const importance = { 'logits/kernel': { data: new Float32Array(3), shape: [3] } };
    const anchor = { anchor: { strength: 1, importance } };
    const name = Object.keys(valuesOf((await run({ epochs: 0 })).artifacts)).find((one) => one.includes('logits'));
    const wrong = { anchor: { strength: 1, importance: { [name as string]: importance['logits/kernel'] } } };
    await expect(run({ adaptation: wrong })).rejects.toMatchObject({ code: 'shape-mismatch' });
    await expect(run({ adaptation: { ...anchor, unknown: 1 } as never })).rejects.toMatchObject({
      code: 'invalid-option',
    });
  });

  test('an anchor adds its pull to the gradient', async () => {
    const first = valuesOf((await run({ ...whole, epochs: 0 })).artifacts);
    const importance: NamedArrays = Object.fromEntries(
      Object.entries(first).map(([name, { data, shape }]) => [
        name,
        { data: Float32Array.from(data, (_, i) => 0.1 * (i % 5)), shape },
      ]),
    );
    const [once, twice] = [await run({ ...whole, epochs: 1 }), await run({ ...whole, epochs: 2 })];
    const held = await run({ ...whole, epochs: 2, adaptation: { anchor: { strength: 3, importance } } });
    const [w1, w2, found] = [once, twice, held].map(({ artifacts }) => valuesOf(artifacts));
    for (const [name, { data }] of Object.entries(first)) {
      const expected = Float32Array.from(data, (value, i) => {
        const pull = 3 * (importance[name]?.data[i] as number) * ((w1?.[name]?.data[i] as number) - value);
        return (w2?.[name]?.data[i] as number) - RATE * pull;
      });
      expectNear(found?.[name] as NdArray, { data: expected, shape: [] }, 1e-5);
    }
  });

  test('importance is the mean square of each example’s gradient, and no weight changes', async () => {
    const size = 20;
    const start = await run({ ...whole, epochs: 0 });
    const { adapted, artifacts } = await run({
      ...whole,
      size,
      batchSize: 1,
      epochs: 1,
      adaptation: { measures: 'importance' },
    });
    expect(valuesOf(artifacts)).toEqual(valuesOf(start.artifacts));
    const gradients = await gradientsByExample(start.artifacts, size);
    for (const [name, { data }] of Object.entries(valuesOf(start.artifacts))) {
      const mean = Float32Array.from(
        data,
        (_, i) => gradients.reduce((sum, each) => sum + (each[name]?.[i] as number) ** 2, 0) / size,
      );
      expectNear(adapted?.importance?.[name] as NdArray, { data: mean, shape: [] }, 1e-6);
    }
  });

  test('private steps without noise or clipping equal plain steps', async () => {
    const size = 6;
    const plain = await run({ ...whole, size, batchSize: size, epochs: 1 });
    const noiseSeed = [1, 2, 3, 4, 5, 6, 7, 8];
    const privacy = { clipNorm: 1e6, noiseMultiplier: 0, lots: [size, 0], expectedLot: size, noiseSeed };
    const job = { ...whole, size: size + 1, batchSize: 1, epochs: 1 };
    const { artifacts } = await run({ ...job, adaptation: { privacy } }, blankFirst());
    const expected = valuesOf(plain.artifacts);
    for (const [name, found] of Object.entries(valuesOf(artifacts))) {
      expectNear(found, expected[name] as NdArray, 1e-5);
    }
    const loud = { ...privacy, clipNorm: 0.1, noiseMultiplier: 1 };
    const noisy = await run({ ...job, adaptation: { learns: 'low-rank', rank: 1, privacy: loud } }, blankFirst());
    expect(noisy.adapted?.lowRank).toBeDefined();
    expect(valuesOf(noisy.artifacts)).not.toEqual(expected);
  });
});

describe('statistics of batch normalization', () => {
  const { train } = engineOn('cpu');

  test('become the mean over the examples, in which the old statistics count as the given number of examples', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 3, inputShape: [FEATURES], name: 'first' }),
        tf.layers.batchNormalization({ name: 'norm' }),
        tf.layers.dense({ units: 4, name: 'logits' }),
      ],
    });
    const saved = await artifactsOf(model);
    model.dispose();
    const student = { kind: 'artifacts', artifacts: saved } as const;
    const size = 60;
    const adaptation = { learns: 'nothing', statistics: 'mean', priorExamples: 30 } as const;
    const { artifacts, error } = await train({ student, size, batchSize: 20, epochs: 1, adaptation });
    expect(error).toBeUndefined();
    const [old, now] = [valuesOf(saved), valuesOf(artifacts)];
    const name = (ending: string) => Object.keys(old).find((one) => one.endsWith(ending)) as string;
    const [kernel, bias] = [old[name('kernel')] as NdArray, old[name('bias')] as NdArray];
    const means = [0, 1, 2].map((unit) => {
      let sum = 0;
      for (let i = 0; i < size; i++) {
        for (let f = 0; f < FEATURES; f++) {
          sum += (problem.inputs.data[i * FEATURES + f] as number) * (kernel.data[f * 3 + unit] as number);
        }
      }
      return sum / size + (bias.data[unit] as number);
    });
    // The former mean is 0.
    const expected = Float32Array.from(means, (mean) => (60 * mean) / 90);
    expectNear(now[name('moving_mean')] as NdArray, { data: expected, shape: [] }, 1e-5);
    const rest = Object.keys(old).filter((one) => !one.includes('moving'));
    expect(rest.map((one) => now[one])).toEqual(rest.map((one) => old[one]));
  });
});
