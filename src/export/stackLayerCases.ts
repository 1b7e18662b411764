// The layers of random stacks, with settings that are drawn for a shape.
import { ACTIVATION_NAMES } from './layerCases.ts';

/** Seeded choices. */
export interface Draw {
  /** A whole number from `least` to `most`. */
  int(least: number, most: number): number;
  of<T>(choices: readonly T[]): T;
  flag(): boolean;
}

export type Options = Record<string, unknown>;
/** The name of a maker of tfjs's layers, with its options. */
export type Step = readonly [name: string, options: Options];
/** Undefined where the shape is too small for it. */
export type StepMaker = (draw: Draw, shape: readonly number[]) => Step | undefined;

const activation: StepMaker = (draw) => ['activation', { activation: draw.of(ACTIVATION_NAMES) }];
const inlineActivation = (draw: Draw) => draw.of(['linear', 'relu', 'tanh', 'sigmoid', 'relu6', 'elu'] as const);
const parametric: StepMaker = (draw) =>
  draw.of<Step>([
    ['leakyReLU', { alpha: 0.2 }],
    ['elu', { alpha: 0.7 }],
    ['prelu', {}],
    ['reLU', { maxValue: 1 }],
    ['softmax', { axis: -1 }],
  ]);
const batchNormalization: StepMaker = (draw) => [
  'batchNormalization',
  { scale: draw.flag(), center: draw.flag(), epsilon: 0.01 },
];
const layerNormalization: StepMaker = () => ['layerNormalization', { epsilon: 0.01 }];
const rescaling: StepMaker = (draw) => ['rescaling', { scale: 0.5, offset: draw.of([0, -1]) }];
const dropout: StepMaker = (draw) =>
  draw.of<Step>([
    ['dropout', { rate: 0.4 }],
    ['gaussianNoise', { stddev: 1 }],
    ['alphaDropout', { rate: 0.2 }],
  ]);
const dense: StepMaker = (draw) => [
  'dense',
  { units: draw.int(1, 6), activation: inlineActivation(draw), useBias: draw.flag() },
];
const padding = (draw: Draw) => draw.of(['same', 'valid'] as const);

const conv2d: StepMaker = (draw, [height = 0, width = 0]) => {
  const kernelSize = draw.int(1, 3);
  if (Math.min(height, width) < kernelSize) return undefined;
  const isDilated = kernelSize === 2 && draw.flag() && Math.min(height, width) > 2;
  const common = { kernelSize, padding: padding(draw), useBias: draw.flag(), activation: inlineActivation(draw) };
  const strides = isDilated ? 1 : draw.int(1, 2);
  return draw.of<Step>([
    ['conv2d', { ...common, filters: draw.int(1, 5), strides, dilationRate: isDilated ? 2 : 1 }],
    ['depthwiseConv2d', { ...common, depthMultiplier: draw.int(1, 2), strides }],
    ['separableConv2d', { ...common, filters: draw.int(1, 5), strides }],
    ['conv2dTranspose', { ...common, filters: draw.int(1, 3), strides }],
  ]);
};
const pool2d: StepMaker = (draw, [height = 0, width = 0]) => {
  const poolSize = draw.int(2, 3);
  if (Math.min(height, width) < poolSize) return undefined;
  return [draw.of(['maxPooling2d', 'averagePooling2d']), { poolSize, strides: draw.int(1, 2), padding: padding(draw) }];
};
const spatial: StepMaker = (draw, [height = 0, width = 0]) => {
  const edges = [
    [draw.int(0, 2), draw.int(0, 1)],
    [draw.int(0, 1), draw.int(0, 2)],
  ];
  return draw.of<Step | undefined>([
    ['zeroPadding2d', { padding: edges }],
    Math.min(height, width) > 3 ? ['cropping2D', { cropping: edges }] : undefined,
    ['upSampling2d', { size: [draw.int(1, 2), 2], interpolation: draw.of(['nearest', 'bilinear']) }],
  ]);
};
const imageEnd: StepMaker = (draw, [height = 0, width = 0, channels = 0]) =>
  draw.of<Step>([
    ['flatten', {}],
    ['globalAveragePooling2d', {}],
    ['globalMaxPooling2d', {}],
    ['reshape', { targetShape: [height, width * channels] }],
    [
      'permute',
      {
        dims: draw.of([
          [2, 1, 3],
          [3, 1, 2],
          [1, 3, 2],
        ]),
      },
    ],
    ['timeDistributed', { inner: ['dense', { units: draw.int(1, 4) }] }],
    ['timeDistributed', { inner: ['lstm', { units: draw.int(1, 3) }] }],
  ]);

const recurrent = (draw: Draw, returnSequences: boolean): Step => [
  draw.of(['lstm', 'gru', 'simpleRNN']),
  {
    units: draw.int(1, 4),
    returnSequences,
    goBackwards: draw.int(0, 3) === 0,
    useBias: draw.flag(),
    recurrentActivation: draw.of(['hardSigmoid', 'sigmoid']),
  },
];
const rnn: StepMaker = (draw) => recurrent(draw, draw.int(0, 2) > 0);
const bidirectional: StepMaker = (draw) => [
  'bidirectional',
  { inner: recurrent(draw, draw.flag()), mergeMode: draw.of(['concat', 'sum', 'mul', 'ave']) },
];
const conv1d: StepMaker = (draw, [length = 0]) => {
  const kernelSize = draw.int(1, 3);
  if (length < kernelSize) return undefined;
  return [
    'conv1d',
    {
      filters: draw.int(1, 5),
      kernelSize,
      strides: draw.int(1, 2),
      padding: padding(draw),
      activation: inlineActivation(draw),
    },
  ];
};
const pool1d: StepMaker = (draw, [length = 0]) =>
  length < 3
    ? undefined
    : [draw.of(['maxPooling1d', 'averagePooling1d']), { poolSize: 2, strides: draw.int(1, 2), padding: padding(draw) }];
const attention: StepMaker = (draw, [, width = 0]) => [
  'multiHeadAttention',
  { heads: width % 2 === 0 ? 2 : 1, sight: draw.of(['all', 'past']) },
];
const sequenceEnd: StepMaker = (draw, [length = 0, width = 0]) =>
  draw.of<Step>([
    ['flatten', {}],
    ['globalAveragePooling1d', {}],
    ['globalMaxPooling1d', {}],
    ['permute', { dims: [2, 1] }],
    ['reshape', { targetShape: [length, width, 1] }],
    ['timeDistributed', { inner: ['dense', { units: draw.int(1, 4), activation: 'tanh' }] }],
    ['positionEmbedding', {}],
  ]);
const vectorEnd: StepMaker = (draw, [length = 0]) =>
  draw.of<Step>([
    ['repeatVector', { n: draw.int(1, 4) }],
    ['reshape', { targetShape: [length, 1] }],
    ['reshape', { targetShape: [1, 1, length] }],
    ['reshape', { targetShape: [-1] }],
  ]);

const anywhere = [activation, activation, parametric, batchNormalization, rescaling, dropout];

/** Layers by the rank of what they take: vectors, sequences, images. */
export const MAKERS: readonly (readonly StepMaker[])[] = [
  [...anywhere, dense, dense, dense, layerNormalization, vectorEnd],
  [...anywhere, dense, layerNormalization, rnn, rnn, bidirectional, conv1d, conv1d, pool1d, attention, sequenceEnd],
  [...anywhere, conv2d, conv2d, conv2d, conv2d, pool2d, spatial, spatial, dense, imageEnd],
];

/** Layers that keep the shape. */
export const KEEPERS: readonly (readonly StepMaker[])[] = [
  [...anywhere, (_, [units]) => ['dense', { units }]],
  [
    ...anywhere,
    (_, [, filters]) => ['conv1d', { filters, kernelSize: 2, padding: 'same' }],
    (_, [, units]) => ['gru', { units, returnSequences: true }],
  ],
  [
    ...anywhere,
    (_, [, , filters]) => ['conv2d', { filters, kernelSize: 3, padding: 'same' }],
    () => ['depthwiseConv2d', { kernelSize: 2, padding: 'same' }],
  ],
];
