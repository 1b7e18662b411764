// Models of merges and of layers that change shapes, by family: what the exporter is compared with tfjs on.
import type { SymbolicTensor } from '../runtime/tf.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import type { LayerCase } from './layerCases.ts';
import { chainCase } from './sequenceLayerCases.ts';

type Layers = Tf['layers'];
type Merged = { apply(x: SymbolicTensor[]): unknown };
const IDS = { dtype: 'int32', below: 4 } as const;

/** Several inputs into one layer; those of four axes go through a convolution first, so that they are held channels-first. */
function mergeCase(name: string, shapes: readonly (readonly number[])[], make: (layers: Layers) => Merged): LayerCase {
  return {
    family: 'merge',
    name,
    inputs: shapes.map((shape) => ({ shape })),
    build(tf) {
      const inputs = shapes.map((shape, i) => tf.input({ shape: [...shape], name: `in${i}` }));
      const conv = (x: SymbolicTensor) => tf.layers.conv2d({ filters: 3, kernelSize: 1 }).apply(x) as SymbolicTensor;
      const given = inputs.map((x, i) => (x.shape.length === 4 && i === 0 ? conv(x) : x));
      return tf.model({ inputs, outputs: make(tf.layers).apply(given) as SymbolicTensor });
    },
  };
}

const MERGES = ['add', 'multiply', 'average', 'maximum', 'minimum'] as const;

const mergeCases: LayerCase[] = [
  ...MERGES.flatMap((merge) => [
    mergeCase(`${merge} of rows`, [[4], [4]], (layers) => layers[merge]()),
    mergeCase(
      `${merge} of three images`,
      [
        [4, 5, 2],
        [4, 5, 3],
        [4, 5, 3],
      ],
      (layers) => layers[merge](),
    ),
    mergeCase(
      `${merge} with one row for all`,
      [
        [5, 3],
        [1, 3],
      ],
      (layers) => layers[merge](),
    ),
    mergeCase(`${merge} of an image and of one number a channel`, [[4, 5, 2], [3]], (layers) => layers[merge]()),
  ]),
  ...[1, 2, 3, -1].map((axis) =>
    mergeCase(
      `concatenate of images along ${axis}`,
      [
        [4, 5, 2],
        [4, 5, 3],
      ],
      (layers) => layers.concatenate({ axis }),
    ),
  ),
  mergeCase('concatenate of three rows', [[4], [2], [3]], (layers) => layers.concatenate()),
  ...[false, true].flatMap((normalize) => {
    const name = normalize ? 'dot, normalized' : 'dot';
    return [
      mergeCase(`${name} of rows`, [[4], [4]], (layers) => layers.dot({ axes: -1, normalize })),
      mergeCase(
        `${name} of sequences in features`,
        [
          [5, 4],
          [3, 4],
        ],
        (layers) => layers.dot({ axes: 2, normalize }),
      ),
      mergeCase(
        `${name} of sequences in time`,
        [
          [5, 4],
          [5, 3],
        ],
        (layers) => layers.dot({ axes: [1, 1], normalize }),
      ),
      mergeCase(
        `${name} of matrices`,
        [
          [5, 4],
          [4, 3],
        ],
        (layers) => layers.dot({ axes: [2, 1], normalize }),
      ),
      mergeCase(`${name} of a sequence and a row`, [[5, 4], [4]], (layers) => layers.dot({ axes: [2, 1], normalize })),
      mergeCase(`${name} of a row and a sequence`, [[4], [4, 5]], (layers) => layers.dot({ axes: [1, 1], normalize })),
    ];
  }),
];

const conv = (layers: Layers) => layers.conv2d({ filters: 3, kernelSize: 2 });
const IMAGE = [5, 6, 2] as const;

/** Each alone and behind a convolution, whose output is held channels-first. */
function imageCases(name: string, make: (layers: Layers) => { apply(x: SymbolicTensor | SymbolicTensor[]): unknown }) {
  return [
    chainCase('shape', name, IMAGE, make),
    chainCase('shape', `${name} after a convolution`, IMAGE, (layers) => [conv(layers), make(layers)]),
    chainCase('shape', `${name} between convolutions`, [6, 6, 2], (layers) => [
      conv(layers),
      make(layers),
      conv(layers),
    ]),
  ];
}

const CROPS: readonly (readonly [number, number])[] = [
  [2, 2],
  [3, 5],
  [1, 7],
  [6, 1],
  [6, 8],
  [5, 7],
];

const ENCODINGS = [
  ['multiHot', 5],
  ['count', 5],
  ['oneHot', 1],
] as const;

const CHANNELS_FIRST = { dataFormat: 'channelsFirst' } as const;

const shapeCases: LayerCase[] = [
  chainCase('shape', 'repeatVector', [3], (layers) => [layers.repeatVector({ n: 4 }), layers.gru({ units: 2 })]),
  chainCase('shape', 'reshape', [6, 2], (layers) => layers.reshape({ targetShape: [3, 2, 2] })),
  chainCase('shape', 'reshape of a free length', [null, 4], (layers) => layers.reshape({ targetShape: [-1, 2] }), {
    shape: [3, 4],
  }),
  chainCase('shape', 'reshape after a convolution', IMAGE, (layers) => [
    conv(layers),
    layers.reshape({ targetShape: [4, 15] }),
  ]),
  chainCase('shape', 'permute', [3, 4, 2], (layers) => layers.permute({ dims: [3, 1, 2] })),
  chainCase('shape', 'permute after a convolution', IMAGE, (layers) => [
    conv(layers),
    layers.permute({ dims: [2, 1, 3] }),
  ]),
  chainCase('shape', 'flatten', [3, 4], (layers) => layers.flatten()),
  chainCase('shape', 'flatten, channelsFirst', [3, 4, 2], (layers) => layers.flatten(CHANNELS_FIRST)),
  chainCase('shape', 'flatten after a convolution', IMAGE, (layers) => [conv(layers), layers.flatten()]),
  chainCase('shape', 'flatten and dense after a convolution', IMAGE, (layers) => [
    conv(layers),
    layers.flatten(),
    layers.dense({ units: 3 }),
  ]),
  chainCase('shape', 'flatten and reshape after a convolution', IMAGE, (layers) => [
    conv(layers),
    layers.flatten(),
    layers.reshape({ targetShape: [12, 5] }),
  ]),
  ...imageCases('zeroPadding2d', (layers) => layers.zeroPadding2d()),
  ...imageCases('zeroPadding2d, each edge', (layers) =>
    layers.zeroPadding2d({
      padding: [
        [1, 2],
        [0, 3],
      ],
    }),
  ),
  ...imageCases('cropping2D, each edge', (layers) =>
    layers.cropping2D({
      cropping: [
        [1, 0],
        [0, 2],
      ],
    }),
  ),
  ...imageCases('cropping2D', (layers) => layers.cropping2D({ cropping: 1 as never })),
  ...imageCases('upSampling2d', (layers) => layers.upSampling2d({ size: [2, 3] })),
  ...imageCases('upSampling2d, bilinear', (layers) => layers.upSampling2d({ size: [3, 2], interpolation: 'bilinear' })),
  ...imageCases('rescaling', (layers) => layers.rescaling({ scale: 0.5, offset: -1 })),
  ...imageCases('rescaling without offset', (layers) => layers.rescaling({ scale: 0.5 })),
  ...CROPS.map(([height, width]) =>
    // tfjs writes the new lengths into the shape of what comes before; an input would be declared wrong.
    chainCase('shape', `centerCrop to ${height} × ${width}`, IMAGE, (layers) => [
      layers.zeroPadding2d({
        padding: [
          [0, 1],
          [1, 1],
        ],
      }),
      layers.centerCrop({ height, width }),
    ]),
  ),
  chainCase('shape', 'zeroPadding2d, channelsFirst', [2, 4, 5], (layers) =>
    layers.zeroPadding2d({ padding: [1, 2], ...CHANNELS_FIRST }),
  ),
  chainCase('shape', 'cropping2D, channelsFirst', [2, 4, 5], (layers) =>
    layers.cropping2D({
      cropping: [
        [1, 0],
        [1, 1],
      ],
      ...CHANNELS_FIRST,
    }),
  ),
  chainCase('shape', 'upSampling2d, channelsFirst', [2, 4, 5], (layers) =>
    layers.upSampling2d({ size: [2, 2], ...CHANNELS_FIRST }),
  ),
  chainCase('shape', 'layers for training only', [6, 4], (layers) => [
    layers.dense({ units: 4 }),
    layers.dropout({ rate: 0.5 }),
    layers.spatialDropout1d({ rate: 0.5 }),
    layers.gaussianNoise({ stddev: 1 }),
    layers.gaussianDropout({ rate: 0.5 }),
    layers.alphaDropout({ rate: 0.5 }),
    layers.dense({ units: 2 }),
  ]),
  ...ENCODINGS.map(([outputMode, count]) =>
    chainCase(
      'shape',
      `categoryEncoding, ${outputMode}`,
      [count, 1],
      (layers) => [layers.reshape({ targetShape: [count] }), layers.categoryEncoding({ numTokens: 6, outputMode })],
      IDS,
    ),
  ),
];

export const SHAPE_LAYER_CASES: readonly LayerCase[] = [...mergeCases, ...shapeCases];
