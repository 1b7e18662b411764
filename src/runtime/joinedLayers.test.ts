import { describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import { withJoinedLayers } from './joinedLayers.ts';
import { beginOnWasm, levels, readBinaries } from './kernels/cases/binaryCases.ts';
import { installKernels } from './kernels/install.ts';
import * as tf from './tf.ts';

const binaryOf = readBinaries();
beginOnWasm();

type Node = tf.SymbolicTensor;
const relu = () => tf.layers.activation({ activation: 'relu' });

/** From the normalized tensor to the model's outputs, and how many relu kernels a forward pass needs then. */
const heads: Record<string, readonly [(x: Node) => Node | Node[], number]> = {
  'an activation': [(x) => relu().apply(x) as Node, 0],
  relu6: [(x) => tf.layers.activation({ activation: 'relu6' }).apply(x) as Node, 0],
  'a layer ReLU': [(x) => tf.layers.reLU().apply(x) as Node, 0],
  'a layer ReLU up to 6': [(x) => tf.layers.reLU({ maxValue: 6 }).apply(x) as Node, 0],
  'a layer ReLU up to 2': [(x) => tf.layers.reLU({ maxValue: 2 }).apply(x) as Node, 1],
  'another activation': [(x) => tf.layers.activation({ activation: 'tanh' }).apply(x) as Node, 0],
  'an activation, and is given too': [(x) => [x, relu().apply(x) as Node], 1],
  'two readers': [(x) => tf.layers.add().apply([relu().apply(x) as Node, x]) as Node, 1],
  'a layer that is used twice': [
    (x) => {
      const twice = relu();
      return twice.apply(tf.layers.dense({ units: 4 }).apply(twice.apply(x)) as Node) as Node;
    },
    2,
  ],
};

function makeModel(head: (x: Node) => Node | Node[]): tf.LayersModel {
  const input = tf.input({ shape: [4] });
  const normal = tf.layers.batchNormalization().apply(tf.layers.dense({ units: 4 }).apply(input)) as Node;
  const model = tf.model({ inputs: input, outputs: head(normal) });
  const random = seededRandom(4);
  tf.tidy(() => {
    const filled = ({ shape, size }: tf.Tensor) =>
      tf.tensor(
        Float32Array.from({ length: size }, () => random() * 4 - 1),
        shape,
      );
    model.setWeights(model.getWeights().map(filled));
  });
  return model;
}

/** Outputs, loss and gradients in training, and the kernels of a forward pass. */
function results(model: tf.LayersModel, isJoined: boolean) {
  return tf.tidy(() => {
    const random = seededRandom(5);
    const x = tf.tensor(
      Float32Array.from({ length: 96 }, () => random() * 9 - 4),
      [24, 4],
    );
    const apply = () => [model.apply(x, { training: true })].flat() as tf.Tensor[];
    const forward = () => (isJoined ? withJoinedLayers(model, apply) : apply());
    const before = model.getWeights().map((weight) => weight.clone());
    const kernels: string[] = [];
    const engine = tf.engine();
    const { runKernel } = engine;
    engine.runKernel = ((...call: Parameters<typeof runKernel>) => {
      kernels.push(call[0]);
      return runKernel.apply(engine, call);
    }) as typeof runKernel;
    let outputs: tf.Tensor[];
    try {
      outputs = forward();
    } finally {
      engine.runKernel = runKernel;
    }
    const moved = model.getWeights().map((weight) => [...weight.dataSync()]);
    model.setWeights(before);
    const loss = () => tf.addN(forward().map((output) => tf.sum(tf.square(output)))) as tf.Scalar;
    const { value, grads } = tf.variableGrads(loss);
    model.setWeights(before);
    const numbers = [...outputs, value, ...Object.values(grads)].map((tensor) => [...tensor.dataSync()]);
    return { numbers: [...numbers, ...moved], relus: kernels.filter((name) => name.startsWith('Relu')).length };
  });
}

describe.each(levels)('on the %s binary a normalization followed by', (level) => {
  test.each(Object.entries(heads))('%s gives the same bits', async (_, [head, relus]) => {
    await installKernels(binaryOf(level));
    const model = makeModel(head);
    const apart = results(model, false);
    const joined = results(model, true);
    expect(apart.relus).toBeGreaterThanOrEqual(relus);
    expect(joined.relus).toBe(relus);
    expect(joined.numbers).toEqual(apart.numbers);
    expect(joined.numbers.flat().some((value) => value !== 0)).toBe(true);
    model.dispose();
  });
});

test('without kernels every layer computes its own part', () => {
  const model = makeModel(heads['an activation']?.[0] as never);
  expect(results(model, true)).toEqual({ ...results(model, false), relus: 1 });
  model.dispose();
});
