import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { sizeOf } from '../../core/shape.ts';
import { beginOnWasm, readBinaries, SEED } from '../kernels/cases/binaryCases.ts';
import { installKernels, uninstallKernels } from '../kernels/install.ts';
import * as tf from '../tf.ts';

// The patches are installed, in place of tfjs's `call`, with the kernels; the cpu backend runs tfjs's own layers.

const binaryOf = readBinaries();
beginOnWasm();

type Args = Parameters<typeof tf.layers.lstm>[0];
type Layer = ReturnType<typeof tf.layers.lstm>;
type Kind = 'lstm' | 'gru';
type Call = (layer: Layer, x: tf.Tensor) => tf.Tensor[];

const kernelOf = { lstm: 'LstmSequence', gru: 'GruSequence' };

function draw(shape: readonly number[], random: () => number): tf.Tensor {
  return tf.tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => random() * 2 - 1),
    [...shape],
  );
}

const apply: Call = (layer, x) => [layer.apply(x) as tf.Tensor | tf.Tensor[]].flat();

/** Outputs of a layer with drawn weights, and the gradients of a weighted sum of them, as numbers. */
async function run(backend: 'wasm' | 'cpu', make: () => Layer, size: readonly number[], call = apply) {
  await tf.setBackend(backend);
  if (backend === 'wasm') await installKernels(binaryOf('relaxed'));
  const random = seededRandom(11);
  const x = draw(size, random);
  const layer = make();
  tf.tidy(() => call(layer, x));
  const inputs = tf.variable(x);
  layer.setWeights(layer.getWeights().map(({ shape }) => draw(shape, random)));
  if (layer.stateful) layer.resetStates();
  const weights = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const outputs: number[][] = [];
  const { grads } = tf.variableGrads(() => {
    const results = call(layer, inputs);
    outputs.push(...results.map((result) => [...result.dataSync()]));
    return tf.addN(results.map((result) => tf.sum(tf.mul(result, draw(result.shape, random))))) as tf.Scalar;
  }, [inputs, ...weights]);
  const gradients = [inputs, ...weights].map(({ name }) => [...(grads[name] as tf.Tensor).dataSync()]);
  tf.dispose([grads, x, inputs]);
  layer.dispose();
  uninstallKernels();
  return [...outputs, ...gradients];
}

/** Runs both backends and compares; gives the names of the wasm backend's kernels. */
async function expectEqual(make: () => Layer, size: readonly number[], call?: Call): Promise<string[]> {
  const names: string[] = [];
  const engine = tf.engine();
  const spy = vi.spyOn(engine, 'runKernel').mockImplementation((name, ...rest) => {
    names.push(name);
    return Object.getPrototypeOf(engine).runKernel.call(engine, name, ...rest);
  });
  const actual = await run('wasm', make, size, call);
  spy.mockRestore();
  const wanted = await run('cpu', make, size, call);
  expect(actual.map((values) => values.length)).toEqual(wanted.map((values) => values.length));
  wanted.forEach((values, i) => {
    // Weights drawn from [-1, 1] carry a rounding from step to step; the largest difference seen is a tenth of this.
    const tolerance = 3e-6 * values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    values.forEach((value, j) => {
      expect(Math.abs((actual[i]?.[j] as number) - value), `${i} ${j}`).toBeLessThanOrEqual(tolerance);
    });
  });
  return names;
}

const plain = { recurrentInitializer: 'glorotUniform' } as const;
const makeOf = (kind: Kind, args: Partial<Args>) => () =>
  tf.layers[kind]({ units: 5, ...plain, ...args } as never) as unknown as Layer;

describe.each(['lstm', 'gru'] as const)('%s', (kind) => {
  test.each<[string, Partial<Args>, number[]]>([
    ['the last output', {}, [3, 4, 2]],
    ['one of everything', { units: 1 }, [1, 2, 1]],
    ['all outputs', { returnSequences: true }, [7, 5, 3]],
    ['states', { returnState: true }, [2, 3, 4]],
    ['all outputs and states', { returnState: true, returnSequences: true, units: 17 }, [5, 6, 7]],
    ['backwards', { goBackwards: true, returnSequences: true, returnState: true }, [2, 6, 3]],
    ['no bias', { useBias: false, returnSequences: true }, [4, 3, 9]],
    ['sigmoid', { recurrentActivation: 'sigmoid', units: 9, returnSequences: true }, [13, 4, 3]],
    ['implementation 1', { implementation: 1 }, [2, 3, 2]],
    ['implementation 2', { implementation: 2 }, [2, 3, 2]],
    ['dropout, not in training', { dropout: 0.5, recurrentDropout: 0.25 }, [2, 3, 2]],
  ])('%s as tfjs’s own layer on the cpu', async (_, args, size) => {
    expect(await expectEqual(makeOf(kind, args), size)).toContain(kernelOf[kind]);
  });

  test('random sizes as tfjs’s own layer on the cpu', async () => {
    const size = fc.integer({ min: 1, max: 9 });
    const sizes = fc.record({
      batch: size,
      // The gradient of tfjs's unstack fails for a single step, and so does that of its layers.
      time: fc.integer({ min: 2, max: 6 }),
      features: size,
      units: fc.oneof(size, fc.constantFrom(15, 16, 17, 33)),
      flags: fc.record({ returnSequences: fc.boolean(), goBackwards: fc.boolean(), useBias: fc.boolean() }),
      recurrentActivation: fc.constantFrom('sigmoid', 'hardSigmoid'),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ batch, time, features, units, flags, recurrentActivation }) => {
        const make = makeOf(kind, { units, ...flags, recurrentActivation: recurrentActivation as 'sigmoid' });
        await expectEqual(make, [batch, time, features]);
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  test('states that are given', async () => {
    const call: Call = (layer, x) => {
      const state = tf.mul(tf.reshape(tf.sum(x, [1, 2]), [-1, 1]), tf.ones([1, 5]));
      const initialState = kind === 'lstm' ? [state, tf.neg(state)] : [state];
      return [layer.apply(x, { initialState } as never) as tf.Tensor | tf.Tensor[]].flat();
    };
    expect(await expectEqual(makeOf(kind, { returnState: true }), [3, 4, 2], call)).toContain(kernelOf[kind]);
  });

  test('a state that stays from call to call', async () => {
    const make = makeOf(kind, { stateful: true, batchInputShape: [3, 4, 2], returnSequences: true });
    const call: Call = (layer, x) => [0, 1, 2].map(() => layer.apply(x) as tf.Tensor);
    expect(await expectEqual(make, [3, 4, 2], call)).toContain(kernelOf[kind]);
  });

  test.each(['concat', 'sum'] as const)('within Bidirectional (%s)', async (mergeMode) => {
    const make = () =>
      tf.layers.bidirectional({
        layer: makeOf(kind, { returnSequences: true, inputShape: [4, 2] })() as never,
        mergeMode,
      }) as unknown as Layer;
    const names = await expectEqual(make, [3, 4, 2]);
    expect(names.filter((name) => name === kernelOf[kind]).length).toBe(4);
  });

  test.each<[string, Partial<Args>, object]>([
    ['another activation', { activation: 'relu' }, {}],
    ['another recurrent activation', { recurrentActivation: 'tanh' }, {}],
    ['unroll', { unroll: true }, {}],
    ['a mask', {}, { mask: () => tf.tensor2d([[1, 0, 1]], undefined, 'bool') }],
    ['dropout in training', { dropout: 0.5 }, { training: true }],
  ])('leaves %s to tfjs', async (_, args, kwargs: { mask?: () => tf.Tensor }) => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    await installKernels(binaryOf('relaxed'));
    const layer = makeOf(kind, args)();
    const { kernels } = await tf.profile(() =>
      tf.tidy(() => {
        layer.apply(tf.ones([1, 3, 2]), { ...kwargs, mask: kwargs.mask?.() } as never);
      }),
    );
    expect(kernels.length).toBeGreaterThan(10);
    expect(kernels.map(({ name }) => name)).not.toContain(kernelOf[kind]);
    layer.dispose();
  });

  test('keeps no tensors', async () => {
    await installKernels(binaryOf('relaxed'));
    const layer = makeOf(kind, { returnSequences: true, inputShape: [4, 2] })();
    const x = tf.ones([2, 4, 2]);
    tf.dispose(layer.apply(x) as tf.Tensor);
    const step = () =>
      tf.tidy(() => {
        tf.variableGrads(() => tf.sum(layer.apply(x) as tf.Tensor));
      });
    step();
    const { numTensors, numDataBuffers } = tf.memory();
    step();
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
    layer.dispose();
    x.dispose();
  });
});
