// Models of one or a few layers, by family, on which the export is compared with tfjs, here and in browsers.
import type { SymbolicTensor } from '../runtime/tf.ts';
import { chain, type LayerCase } from './chainCases.ts';
import { CONV_CASES, POOLING_CASES } from './windowLayerCases.ts';

export type { CaseInput, LayerCase } from './chainCases.ts';

export const ACTIVATION_NAMES = [
  ...['linear', 'relu', 'relu6', 'elu', 'selu', 'sigmoid', 'hardSigmoid', 'softmax', 'softplus', 'softsign', 'tanh'],
  ...['swish', 'mish', 'gelu', 'gelu_new', 'logSoftmax'],
] as const;

const activationCases: LayerCase[] = [
  ...ACTIVATION_NAMES.map((activation) =>
    chain('activation', activation, [7], (layers) => layers.activation({ activation: activation as 'relu' })),
  ),
  chain('activation', 'softmax of channels', [5, 4, 3], (layers) => [
    layers.conv2d({ filters: 4, kernelSize: 2 }),
    layers.activation({ activation: 'softmax' }),
  ]),
  chain('activation', 'ReLU', [3, 4], (layers) => layers.reLU()),
  chain('activation', 'ReLU up to 1', [3, 4], (layers) => layers.reLU({ maxValue: 1 })),
  chain('activation', 'LeakyReLU', [6], (layers) => layers.leakyReLU({ alpha: 0.1 })),
  chain('activation', 'ELU', [6], (layers) => layers.elu()),
  chain('activation', 'ThresholdedReLU', [6], (layers) => layers.thresholdedReLU({ theta: 0.4 })),
  chain('activation', 'PReLU of rows', [6], (layers) => layers.prelu({})),
  chain('activation', 'PReLU after a convolution', [5, 4, 2], (layers) => [
    layers.conv2d({ filters: 3, kernelSize: 2 }),
    layers.prelu({}),
  ]),
  chain('activation', 'PReLU of shared axes', [5, 4, 2], (layers) => [
    layers.conv2d({ filters: 3, kernelSize: 2 }),
    layers.prelu({ sharedAxes: [1, 2] }),
  ]),
  chain('activation', 'PReLU of shared rows and channels', [5, 4, 2], (layers) => [
    layers.conv2d({ filters: 3, kernelSize: 2 }),
    layers.prelu({ sharedAxes: [1, 3] }),
  ]),
  chain('activation', 'Softmax of rows', [4], (layers) => layers.softmax()),
  chain('activation', 'Softmax after a convolution', [5, 4, 2], (layers) => [
    layers.conv2d({ filters: 3, kernelSize: 2 }),
    layers.softmax({ axis: -1 }),
  ]),
];

const denseCases: LayerCase[] = [
  chain('dense', 'rows', [5], (layers) => layers.dense({ units: 4 })),
  chain('dense', 'rows without bias', [5], (layers) => layers.dense({ units: 4, useBias: false, activation: 'relu' })),
  chain('dense', 'one unit', [5], (layers) => layers.dense({ units: 1, activation: 'sigmoid' })),
  chain('dense', 'a sequence', [6, 5], (layers) => layers.dense({ units: 4, activation: 'tanh' })),
  chain('dense', 'a sequence without bias', [6, 5], (layers) => layers.dense({ units: 4, useBias: false })),
  chain('dense', 'a free length', [null, 5], (layers) => layers.dense({ units: 4 }), [7, 5]),
  chain('dense', 'channels of an image', [4, 3, 5], (layers) => layers.dense({ units: 2 })),
  chain('dense', 'channels after a convolution', [6, 5, 2], (layers) => [
    layers.conv2d({ filters: 3, kernelSize: 2 }),
    layers.dense({ units: 4 }),
  ]),
];

const normalizationCases: LayerCase[] = [
  chain('normalization', 'batchNormalization of rows', [5], (layers) => layers.batchNormalization()),
  chain('normalization', 'batchNormalization of a sequence', [6, 5], (layers) => layers.batchNormalization()),
  chain('normalization', 'batchNormalization of an image', [6, 5, 3], (layers) =>
    layers.batchNormalization({ epsilon: 0.1 }),
  ),
  chain('normalization', 'batchNormalization without scale', [6, 5], (layers) =>
    layers.batchNormalization({ scale: false }),
  ),
  chain('normalization', 'batchNormalization without center', [6], (layers) =>
    layers.batchNormalization({ center: false }),
  ),
  chain('normalization', 'batchNormalization after a convolution', [6, 5, 3], (layers) => [
    layers.conv2d({ filters: 4, kernelSize: 2 }),
    layers.batchNormalization({ axis: 3 }),
    layers.activation({ activation: 'relu' }),
  ]),
  ...([-1, [1, 2], [2, 1], 1, [1, 2, 3]] as const).map((axis) =>
    chain('normalization', `layerNormalization over ${JSON.stringify(axis)}`, [3, 4, 4], (layers) =>
      layers.layerNormalization({ axis: axis as number }),
    ),
  ),
  chain('normalization', 'layerNormalization of rows', [5], (layers) => layers.layerNormalization({ epsilon: 1e-5 })),
  chain('normalization', 'layerNormalization without center', [6, 5], (layers) =>
    layers.layerNormalization({ center: false }),
  ),
  chain('normalization', 'layerNormalization without scale', [6, 5], (layers) =>
    layers.layerNormalization({ scale: false }),
  ),
  chain(
    'normalization',
    'layerNormalization of a free length',
    [null, 5],
    (layers) => layers.layerNormalization(),
    [4, 5],
  ),
  chain('normalization', 'layerNormalization between convolutions', [6, 5, 3], (layers) => [
    layers.conv2d({ filters: 4, kernelSize: 2 }),
    layers.layerNormalization(),
    layers.conv2d({ filters: 2, kernelSize: 2 }),
  ]),
];

const modelCases: LayerCase[] = [
  {
    family: 'model',
    name: 'two inputs, a shared layer, two outputs',
    inputs: [{ shape: [4] }, { shape: [4] }],
    build(tf) {
      const [a, b] = [tf.input({ shape: [4], name: 'a' }), tf.input({ shape: [4], name: 'b' })];
      const shared = tf.layers.dense({ units: 3, name: 'shared', activation: 'tanh' });
      const [x, y] = [shared.apply(a), shared.apply(b)] as [SymbolicTensor, SymbolicTensor];
      const one = tf.layers.dense({ units: 2, name: 'one' }).apply(y) as SymbolicTensor;
      return tf.model({ inputs: [a, b], outputs: [one, x] });
    },
  },
  {
    family: 'model',
    name: 'a nested model called twice',
    inputs: [{ shape: [5, 4, 2] }],
    build(tf) {
      const x = tf.input({ shape: [5, 4, 2], name: 'x' });
      const inside = tf.input({ shape: [5, 4, 2], name: 'inside' });
      const conv = tf.layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same', name: 'conv' }).apply(inside);
      const nested = tf.model({ inputs: inside, outputs: conv as SymbolicTensor, name: 'nested' });
      const twice = nested.apply(nested.apply(x) as SymbolicTensor) as SymbolicTensor;
      const pooled = tf.layers.globalMaxPooling2d({}).apply(twice) as SymbolicTensor;
      return tf.model({ inputs: x, outputs: pooled });
    },
  },
  {
    family: 'model',
    name: 'a sequential in a sequential',
    inputs: [{ shape: [6, 3] }],
    build(tf) {
      const inner = tf.sequential({ name: 'inner' });
      inner.add(tf.layers.conv1d({ filters: 4, kernelSize: 2, inputShape: [6, 3], name: 'first' }));
      inner.add(tf.layers.batchNormalization());
      const outer = tf.sequential({ name: 'outer' });
      outer.add(inner);
      outer.add(tf.layers.globalAveragePooling1d({}));
      outer.add(tf.layers.dense({ units: 2 }));
      return outer;
    },
  },
  {
    family: 'model',
    name: 'an input that is an output, and one output twice',
    inputs: [{ shape: [4] }],
    build(tf) {
      const x = tf.input({ shape: [4], name: 'x' });
      const y = tf.layers.dense({ units: 3, name: 'y' }).apply(x) as SymbolicTensor;
      return tf.model({
        inputs: x,
        outputs: [y, tf.layers.activation({ activation: 'linear', name: 'same' }).apply(x) as SymbolicTensor],
      });
    },
  },
];

export const LAYER_CASES: readonly LayerCase[] = [
  ...activationCases,
  ...denseCases,
  ...CONV_CASES,
  ...POOLING_CASES,
  ...normalizationCases,
  ...modelCases,
];
