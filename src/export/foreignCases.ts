// Models like those of tfjs-examples, as users would write them.
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Tf } from '../runtime/tfNamespace.ts';
import type { CaseInput } from './layerCases.ts';

export interface ForeignCase {
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  /** False if `fromOnnx` has no layer for it. */
  readonly comesBack?: false;
  build(tf: Tf): LayersModel;
}

type Symbolic = SymbolicTensor;

export const FOREIGN_CASES: readonly ForeignCase[] = [
  {
    name: 'mnist: a cnn',
    inputs: [{ shape: [28, 28, 1] }],
    build({ layers, sequential }) {
      const model = sequential();
      const kernelInitializer = 'varianceScaling' as const;
      const conv = { kernelSize: 5, strides: 1, activation: 'relu', kernelInitializer } as const;
      model.add(layers.conv2d({ ...conv, inputShape: [28, 28, 1], filters: 8 }));
      model.add(layers.maxPooling2d({ poolSize: [2, 2], strides: [2, 2] }));
      model.add(layers.conv2d({ ...conv, filters: 16 }));
      model.add(layers.maxPooling2d({ poolSize: [2, 2], strides: [2, 2] }));
      model.add(layers.flatten());
      model.add(layers.dense({ units: 10, kernelInitializer, activation: 'softmax' }));
      return model;
    },
  },
  {
    name: 'mnist-acgan: a generator with an embedded class',
    inputs: [{ shape: [20] }, { shape: [1], dtype: 'int32', below: 10 }],
    build({ layers, sequential, input, model }) {
      const cnn = sequential();
      cnn.add(layers.dense({ units: 3 * 3 * 24, inputShape: [20], activation: 'relu' }));
      cnn.add(layers.reshape({ targetShape: [3, 3, 24] }));
      for (const [filters, padding] of [
        [12, 'valid'],
        [8, 'same'],
      ] as const) {
        cnn.add(
          layers.conv2dTranspose({
            filters,
            kernelSize: 5,
            strides: padding === 'valid' ? 1 : 2,
            padding,
            activation: 'relu',
          }),
        );
        cnn.add(layers.batchNormalization());
      }
      cnn.add(layers.conv2dTranspose({ filters: 1, kernelSize: 5, strides: 2, padding: 'same', activation: 'tanh' }));
      const [latent, klass] = [input({ shape: [20] }), input({ shape: [1], dtype: 'int32' })];
      const embedded = layers.embedding({ inputDim: 10, outputDim: 20 }).apply(klass) as Symbolic;
      const flat = layers.flatten().apply(embedded) as Symbolic;
      const mixed = layers.multiply().apply([latent, flat]) as Symbolic;
      return model({ inputs: [latent, klass], outputs: cnn.apply(mixed) as Symbolic });
    },
  },
  {
    name: 'mnist-acgan: a discriminator of two outputs',
    inputs: [{ shape: [28, 28, 1] }],
    build({ layers, sequential, input, model }) {
      const cnn = sequential();
      cnn.add(layers.conv2d({ filters: 8, kernelSize: 3, padding: 'same', strides: 2, inputShape: [28, 28, 1] }));
      cnn.add(layers.leakyReLU({ alpha: 0.2 }));
      cnn.add(layers.dropout({ rate: 0.3 }));
      cnn.add(layers.flatten());
      const image = input({ shape: [28, 28, 1] });
      const features = cnn.apply(image) as Symbolic;
      const real = layers.dense({ units: 1, activation: 'sigmoid' }).apply(features) as Symbolic;
      const aux = layers.dense({ units: 10, activation: 'softmax' }).apply(features) as Symbolic;
      return model({ inputs: image, outputs: [real, aux] });
    },
  },
  {
    name: 'addition-rnn: encoder and decoder',
    // tfjs's own default, hardSigmoid.
    comesBack: false,
    inputs: [{ shape: [7, 12] }],
    build({ layers, sequential }) {
      const model = sequential();
      model.add(layers.gru({ units: 16, recurrentInitializer: 'glorotNormal', inputShape: [7, 12] }));
      model.add(layers.repeatVector({ n: 4 }));
      model.add(layers.lstm({ units: 16, returnSequences: true }));
      model.add(layers.timeDistributed({ layer: layers.dense({ units: 12 }) }));
      model.add(layers.activation({ activation: 'softmax' }));
      return model;
    },
  },
  {
    name: 'lstm-text-generation: two cells and a sum',
    inputs: [{ shape: [10, 15] }],
    build({ layers, sequential }) {
      const model = sequential();
      const cell = { units: 12, recurrentActivation: 'sigmoid' } as const;
      model.add(layers.lstm({ ...cell, returnSequences: true, inputShape: [10, 15] }));
      model.add(layers.lstm({ ...cell, returnSequences: false }));
      model.add(layers.dense({ units: 15, activation: 'softmax' }));
      return model;
    },
  },
  {
    name: 'date-conversion: attention by hand',
    comesBack: false,
    inputs: [
      { shape: [12], dtype: 'int32', below: 35 },
      { shape: [10], dtype: 'int32', below: 13 },
    ],
    build({ layers, input, model }) {
      const [from, to] = [input({ shape: [12], dtype: 'int32' }), input({ shape: [10], dtype: 'int32' })];
      const embed = (inputDim: number, inputLength: number, x: Symbolic) =>
        layers.embedding({ inputDim, outputDim: 8, inputLength, maskZero: true }).apply(x) as Symbolic;
      const encoded = layers.lstm({ units: 8, returnSequences: true }).apply(embed(35, 12, from)) as Symbolic;
      const decoded = layers.lstm({ units: 8, returnSequences: true }).apply(embed(13, 10, to)) as Symbolic;
      const scores = layers.dot({ axes: [2, 2] }).apply([decoded, encoded]) as Symbolic;
      const attention = layers.activation({ activation: 'softmax' }).apply(scores) as Symbolic;
      const context = layers.dot({ axes: [2, 1] }).apply([attention, encoded]) as Symbolic;
      const both = layers.concatenate().apply([context, decoded]) as Symbolic;
      const hidden = layers.timeDistributed({ layer: layers.dense({ units: 8, activation: 'tanh' }) }).apply(both);
      const head = layers.timeDistributed({ layer: layers.dense({ units: 13, activation: 'softmax' }) });
      return model({ inputs: [from, to], outputs: head.apply(hidden as Symbolic) as Symbolic });
    },
  },
  {
    name: 'simple-object-detection: a shared base and two heads',
    inputs: [{ shape: [32, 32, 3] }],
    build({ layers, input, model }) {
      const image = input({ shape: [32, 32, 3] });
      const block = (x: Symbolic, filters: number, strides: number) => {
        const deep = layers.depthwiseConv2d({ kernelSize: 3, strides, padding: 'same', useBias: false }).apply(x);
        const norm = layers.batchNormalization().apply(deep as Symbolic) as Symbolic;
        const capped = layers.reLU({ maxValue: 6 }).apply(norm) as Symbolic;
        return layers.conv2d({ filters, kernelSize: 1, activation: 'relu' }).apply(capped) as Symbolic;
      };
      const base = block(block(image, 8, 2), 12, 2);
      const flat = layers.flatten().apply(base) as Symbolic;
      const box = layers.dense({ units: 4, name: 'box' }).apply(flat) as Symbolic;
      const pooled = layers.globalAveragePooling2d({}).apply(base) as Symbolic;
      const kind = layers.dense({ units: 3, name: 'kind', activation: 'softmax' }).apply(pooled) as Symbolic;
      return model({ inputs: image, outputs: [kind, box] });
    },
  },
  {
    name: 'a U-Net',
    inputs: [{ shape: [16, 16, 3] }],
    build({ layers, input, model }) {
      const conv = (x: Symbolic, filters: number) =>
        layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' }).apply(x) as Symbolic;
      const image = input({ shape: [16, 16, 3] });
      const first = conv(image, 4);
      const second = conv(layers.maxPooling2d({ poolSize: 2 }).apply(first) as Symbolic, 8);
      const bottom = conv(layers.maxPooling2d({ poolSize: 2 }).apply(second) as Symbolic, 12);
      const up = layers.upSampling2d({ size: [2, 2] }).apply(bottom) as Symbolic;
      const middle = conv(layers.concatenate().apply([up, second]) as Symbolic, 8);
      const top = layers.conv2dTranspose({ filters: 4, kernelSize: 2, strides: 2 }).apply(middle) as Symbolic;
      const joined = layers.concatenate().apply([top, first]) as Symbolic;
      return model({
        inputs: image,
        outputs: layers.conv2d({ filters: 1, kernelSize: 1, activation: 'sigmoid' }).apply(joined) as Symbolic,
      });
    },
  },
  {
    name: 'two images and one encoder',
    inputs: [{ shape: [12, 12, 1] }, { shape: [12, 12, 1] }],
    build({ layers, sequential, input, model }) {
      const encoder = sequential();
      encoder.add(layers.conv2d({ filters: 6, kernelSize: 3, activation: 'relu', inputShape: [12, 12, 1] }));
      encoder.add(layers.globalMaxPooling2d({}));
      encoder.add(layers.dense({ units: 8 }));
      const [a, b] = [input({ shape: [12, 12, 1] }), input({ shape: [12, 12, 1] })];
      const near = layers.dot({ axes: -1, normalize: true }).apply([encoder.apply(a), encoder.apply(b)] as Symbolic[]);
      return model({
        inputs: [a, b],
        outputs: layers.dense({ units: 1, activation: 'sigmoid' }).apply(near as Symbolic) as Symbolic,
      });
    },
  },
  {
    name: 'wide and deep, of numbers and of words',
    inputs: [{ shape: [6] }, { shape: [1], dtype: 'int32', below: 9 }, { shape: [5], dtype: 'int32', below: 20 }],
    build({ layers, input, model }) {
      const [numbers, city, words] = [
        input({ shape: [6] }),
        input({ shape: [1], dtype: 'int32' }),
        input({ shape: [5], dtype: 'int32' }),
      ];
      const place = layers.flatten().apply(layers.embedding({ inputDim: 9, outputDim: 4 }).apply(city)) as Symbolic;
      const text = layers
        .globalAveragePooling1d()
        .apply(
          layers
            .conv1d({ filters: 6, kernelSize: 3, activation: 'relu' })
            .apply(layers.embedding({ inputDim: 20, outputDim: 5 }).apply(words)),
        ) as Symbolic;
      const deep = layers
        .dense({ units: 8, activation: 'relu' })
        .apply(layers.concatenate().apply([numbers, place, text]) as Symbolic);
      const all = layers.concatenate().apply([numbers, deep as Symbolic]) as Symbolic;
      return model({ inputs: [numbers, city, words], outputs: layers.dense({ units: 2 }).apply(all) as Symbolic });
    },
  },
];
