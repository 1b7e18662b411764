// Convolutions and poolings.
import { chain, type LayerCase, type Layers } from './chainCases.ts';

const PADDINGS = ['same', 'valid'] as const;

export const CONV_CASES: readonly LayerCase[] = [
  ...PADDINGS.flatMap((padding) => [
    chain('conv', `conv1d ${padding}`, [11, 3], (layers) => layers.conv1d({ filters: 4, kernelSize: 4, padding })),
    chain('conv', `conv1d ${padding}, strides`, [11, 3], (layers) =>
      layers.conv1d({ filters: 4, kernelSize: 3, strides: 2, padding, activation: 'relu' }),
    ),
    chain('conv', `conv1d ${padding}, dilated`, [11, 3], (layers) =>
      layers.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2, padding }),
    ),
    chain('conv', `conv2d ${padding}`, [7, 6, 3], (layers) =>
      layers.conv2d({ filters: 4, kernelSize: [3, 2], padding, activation: 'elu' }),
    ),
    chain('conv', `conv2d ${padding}, strides`, [7, 6, 3], (layers) =>
      layers.conv2d({ filters: 4, kernelSize: [2, 3], strides: [2, 3], padding, useBias: false }),
    ),
    chain('conv', `conv2d ${padding}, strides beyond the kernel`, [7, 6, 3], (layers) =>
      layers.conv2d({ filters: 4, kernelSize: 1, strides: 2, padding }),
    ),
    chain('conv', `conv2d ${padding}, dilated`, [9, 8, 3], (layers) =>
      layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: [2, 1], padding }),
    ),
    chain('conv', `conv2d ${padding}, channels first`, [3, 7, 6], (layers) =>
      layers.conv2d({
        filters: 4,
        kernelSize: 3,
        strides: 2,
        padding,
        dataFormat: 'channelsFirst',
        activation: 'softmax',
      }),
    ),
    chain('conv', `conv2d ${padding}, one channel`, [7, 6, 1], (layers) =>
      layers.conv2d({ filters: 3, kernelSize: 3, padding }),
    ),
    chain('conv', `conv2d ${padding}, two after each other`, [9, 8, 3], (layers) => [
      layers.conv2d({ filters: 4, kernelSize: 3, padding, activation: 'swish' }),
      layers.conv2d({ filters: 2, kernelSize: 2, strides: 2, padding }),
    ]),
    chain(
      'conv',
      `conv2d ${padding}, free lengths`,
      [null, null, 3],
      (layers) => [
        layers.conv2d({ filters: 4, kernelSize: 3, padding }),
        layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, padding }),
      ],
      [9, 8, 3],
    ),
    chain('conv', `conv3d ${padding}`, [5, 4, 6, 2], (layers) =>
      layers.conv3d({ filters: 3, kernelSize: [2, 3, 2], strides: [1, 2, 1], padding }),
    ),
    chain('conv', `conv3d ${padding}, channels first`, [2, 5, 4, 6], (layers) =>
      layers.conv3d({ filters: 3, kernelSize: 2, padding, dataFormat: 'channelsFirst' }),
    ),
    ...(
      [
        [3, 1],
        [3, 2],
        [2, 3],
        [4, 2],
      ] as const
    ).map(([kernelSize, strides]) =>
      chain('conv', `conv2dTranspose ${padding}, ${kernelSize} by ${strides}`, [4, 3, 2], (layers) =>
        layers.conv2dTranspose({ filters: 3, kernelSize, strides, padding, activation: 'relu' }),
      ),
    ),
    chain('conv', `conv2dTranspose ${padding}, channels first`, [2, 4, 3], (layers) =>
      layers.conv2dTranspose({ filters: 3, kernelSize: [3, 2], strides: 2, padding, dataFormat: 'channelsFirst' }),
    ),
    chain(
      'conv',
      `conv2dTranspose ${padding}, free lengths`,
      [null, null, 2],
      (layers) => layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding, useBias: false }),
      [4, 3, 2],
    ),
    chain('conv', `conv3dTranspose ${padding}`, [3, 2, 3, 2], (layers) =>
      (layers as unknown as { conv3dTranspose: Layers['conv2dTranspose'] }).conv3dTranspose({
        filters: 2,
        kernelSize: 3,
        strides: 2,
        padding,
      }),
    ),
    chain('conv', `depthwiseConv2d ${padding}`, [7, 6, 3], (layers) =>
      layers.depthwiseConv2d({ kernelSize: [3, 2], padding, depthMultiplier: 2, activation: 'relu6' }),
    ),
    chain('conv', `depthwiseConv2d ${padding}, strides`, [7, 6, 3], (layers) =>
      layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding, useBias: false }),
    ),
    chain('conv', `depthwiseConv2d ${padding}, channels first`, [3, 7, 6], (layers) =>
      layers.depthwiseConv2d({ kernelSize: 3, padding, dataFormat: 'channelsFirst' }),
    ),
    chain('conv', `depthwiseConv2d ${padding}, whose dilation tfjs overlooks`, [7, 6, 3], (layers) =>
      layers.depthwiseConv2d({ kernelSize: 2, padding, dilationRate: 2 } as Parameters<Layers['depthwiseConv2d']>[0]),
    ),
    chain('conv', `separableConv2d ${padding}`, [7, 6, 3], (layers) =>
      layers.separableConv2d({ filters: 4, kernelSize: 3, padding, depthMultiplier: 2, activation: 'tanh' }),
    ),
    chain('conv', `separableConv2d ${padding}, strides`, [7, 6, 3], (layers) =>
      layers.separableConv2d({ filters: 4, kernelSize: 3, strides: 2, padding, useBias: false }),
    ),
  ]),
];

const poolingCases: readonly LayerCase[] = PADDINGS.flatMap((padding) =>
  (['maxPooling', 'averagePooling'] as const).flatMap((kind) => [
    chain('pooling', `${kind}1d ${padding}`, [9, 3], (layers) =>
      layers[`${kind}1d`]({ poolSize: 3, strides: 2, padding }),
    ),
    chain('pooling', `${kind}2d ${padding}`, [7, 6, 3], (layers) =>
      layers[`${kind}2d`]({ poolSize: [3, 2], strides: [2, 1], padding }),
    ),
    chain('pooling', `${kind}2d ${padding}, its own stride`, [7, 5, 3], (layers) =>
      layers[`${kind}2d`]({ poolSize: 2, padding }),
    ),
    chain('pooling', `${kind}2d ${padding}, channels first`, [3, 7, 6], (layers) =>
      layers[`${kind}2d`]({ poolSize: 3, strides: 2, padding, dataFormat: 'channelsFirst' }),
    ),
    chain(
      'pooling',
      `${kind}2d ${padding}, free lengths`,
      [null, 6, 3],
      (layers) => layers[`${kind}2d`]({ poolSize: 3, strides: 2, padding }),
      [8, 6, 3],
    ),
    chain('pooling', `${kind}3d ${padding}`, [5, 4, 6, 2], (layers) =>
      layers[`${kind}3d`]({ poolSize: [2, 3, 2], strides: 2, padding }),
    ),
  ]),
);

const globalCases: readonly LayerCase[] = [
  chain('pooling', 'globalAveragePooling1d', [6, 3], (layers) => layers.globalAveragePooling1d({})),
  chain('pooling', 'globalMaxPooling1d', [6, 3], (layers) => layers.globalMaxPooling1d({})),
  chain('pooling', 'globalAveragePooling1d of a convolution', [6, 3], (layers) => [
    layers.conv1d({ filters: 2, kernelSize: 2 }),
    layers.globalAveragePooling1d({}),
    layers.dense({ units: 3 }),
  ]),
  chain('pooling', 'globalAveragePooling2d', [5, 4, 3], (layers) => layers.globalAveragePooling2d({})),
  chain('pooling', 'globalMaxPooling2d of a convolution', [5, 4, 3], (layers) => [
    layers.conv2d({ filters: 2, kernelSize: 2 }),
    layers.globalMaxPooling2d({}),
  ]),
  chain('pooling', 'globalAveragePooling2d, channels first', [3, 5, 4], (layers) =>
    layers.globalAveragePooling2d({ dataFormat: 'channelsFirst' }),
  ),
];

export const POOLING_CASES: readonly LayerCase[] = [...poolingCases, ...globalCases];
