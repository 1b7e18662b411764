// Models of masks, attention, wrapped layers and whole stacks, by family: what the exporter is compared with tfjs on.
import type { SymbolicTensor } from '../runtime/tf.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import { multiHeadAttention } from '../student/layers/multiHeadAttention.ts';
import { positionEmbedding } from '../student/layers/positionEmbedding.ts';
import type { CaseInput, LayerCase } from './layerCases.ts';
import { chainCase } from './sequenceLayerCases.ts';

type Layers = Tf['layers'];
type Made = { apply(x: SymbolicTensor | SymbolicTensor[]): unknown };
const IDS = { dtype: 'int32', below: 3 } as const;
const LENGTHS = [1, 2, 7, null] as const;

const embedded = (layers: Layers, maskZero = true) => layers.embedding({ inputDim: 5, outputDim: 3, maskZero });

/** Behind ids of which a third is 0, anywhere; and behind steps of which a quarter is all zeros. */
function maskedCases(name: string, make: (layers: Layers) => Made | readonly Made[]): LayerCase[] {
  return [
    ...LENGTHS.map((length) =>
      chainCase(
        'masked',
        `ids, ${name}, ${length ?? 'a free number of'} steps`,
        [length],
        (layers) => [embedded(layers), ...[make(layers)].flat()],
        { ...IDS, shape: [length ?? 7] },
      ),
    ),
    chainCase('masked', `zeros, ${name}`, [7, 2], (layers) => [
      layers.activation({ activation: 'relu' }),
      layers.masking(),
      ...[make(layers)].flat(),
    ]),
  ];
}

const sequences = { units: 4, returnSequences: true } as const;

const maskCases: LayerCase[] = [
  ...maskedCases('lstm', (layers) => layers.lstm({ ...sequences, returnState: true })),
  ...maskedCases('gru', (layers) => layers.gru({ ...sequences, returnState: true })),
  ...maskedCases('simpleRNN', (layers) => layers.simpleRNN({ units: 4 })),
  ...maskedCases('lstm backwards', (layers) => layers.lstm({ ...sequences, returnState: true, goBackwards: true })),
  ...maskedCases('gru on a dense layer on gru', (layers) => [
    layers.gru(sequences),
    layers.dropout({ rate: 0.5 }),
    layers.dense({ units: 3 }),
    layers.layerNormalization(),
    layers.timeDistributed({ layer: layers.dense({ units: 3 }) }),
    layers.gru({ units: 2 }),
  ]),
  ...maskedCases('bidirectional', (layers) => [
    layers.bidirectional({ layer: layers.lstm(sequences) as never, mergeMode: 'concat' }),
    layers.bidirectional({ layer: layers.gru({ units: 3 }) as never, mergeMode: 'ave' }),
  ]),
  ...maskedCases('two cells', (layers) =>
    layers.rnn({
      cell: [layers.lstmCell({ units: 3 }), layers.gruCell({ units: 4 })],
      returnSequences: true,
      returnState: true,
    }),
  ),
  ...maskedCases('step by step', (layers) =>
    layers.lstm({ ...sequences, returnState: true, activation: 'swish' as never }),
  ).filter(({ name }) => !name.includes('free')),
  ...maskedCases('nothing recurrent', (layers) => [
    layers.conv1d({ filters: 2, kernelSize: 1 }),
    layers.globalAveragePooling1d(),
  ]),
  {
    family: 'masked',
    name: 'two embeddings side by side in features and in time',
    inputs: [
      { ...IDS, shape: [6] },
      { ...IDS, shape: [6] },
    ],
    build(tf) {
      const [a, b] = ['a', 'b'].map((name) => tf.input({ shape: [6], name, dtype: 'int32' })) as [
        SymbolicTensor,
        SymbolicTensor,
      ];
      const [x, y] = [a, b].map((ids) => embedded(tf.layers).apply(ids)) as [SymbolicTensor, SymbolicTensor];
      const outputs = [1, 2].map((axis) => {
        const joined = tf.layers.concatenate({ axis }).apply([x, y]) as SymbolicTensor;
        return tf.layers.gru({ units: 3, returnSequences: true }).apply(joined) as SymbolicTensor;
      });
      return tf.model({ inputs: [a, b], outputs });
    },
  },
  // Where every step is masked, the last output is the first state.
  ...[3, 1].map(
    (below): LayerCase => ({
      family: 'masked',
      name: `first states as inputs, ids below ${below}`,
      inputs: [{ ...IDS, below, shape: [6] }, { shape: [4] }, { shape: [4] }],
      build(tf) {
        const ids = tf.input({ shape: [6], name: 'ids', dtype: 'int32' });
        const [h, c] = ['h', 'c'].map((name) => tf.input({ shape: [4], name })) as [SymbolicTensor, SymbolicTensor];
        const layer = tf.layers.lstm({ units: 4, returnSequences: below > 1, goBackwards: true });
        const x = embedded(tf.layers).apply(ids) as SymbolicTensor;
        return tf.model({ inputs: [ids, h, c], outputs: layer.apply([x, h, c]) as SymbolicTensor });
      },
    }),
  ),
];

const embeddingCases: LayerCase[] = [
  chainCase('embedding', 'ids', [5], (layers) => embedded(layers, false), IDS),
  chainCase('embedding', 'ids in a table', [4, 5], (layers) => embedded(layers), IDS),
  chainCase('embedding', 'ids that come as fractions', [5], (layers) => [
    layers.rescaling({ scale: 0.5, offset: 1 }),
    embedded(layers, false),
  ]),
];

const attentionCases: LayerCase[] = [
  ...(['all', 'past'] as const).flatMap((sight) =>
    [1, 2, 7, null].map((length) =>
      chainCase(
        'attention',
        `multiHeadAttention over ${sight}, ${length ?? 'a free number of'} steps`,
        [length, 6],
        (_, tf) => multiHeadAttention(tf, { heads: 3, sight }),
        { shape: [length ?? 7, 6] },
      ),
    ),
  ),
  chainCase('attention', 'positions', [5, 4], (_, tf) => [positionEmbedding(tf), multiHeadAttention(tf, { heads: 1 })]),
];

const wrappedCases: LayerCase[] = [
  ...[1, 2, 7, null].flatMap((length) => {
    const given: Partial<CaseInput> = { shape: [length ?? 7, 6, 2] };
    const steps = length === null ? 'a free number of steps' : `${length} steps`;
    return [
      chainCase(
        'wrapped',
        `dense, ${steps}`,
        [length, 6, 2],
        (layers) => layers.timeDistributed({ layer: layers.dense({ units: 3, activation: 'relu' }) }),
        given,
      ),
      chainCase(
        'wrapped',
        `conv1d and pooling, ${steps}`,
        [length, 6, 2],
        (layers) => [
          layers.timeDistributed({ layer: layers.conv1d({ filters: 3, kernelSize: 2 }) }),
          layers.timeDistributed({ layer: layers.globalAveragePooling1d() }),
          layers.gru({ units: 3 }),
        ],
        given,
      ),
      chainCase(
        'wrapped',
        `lstm, ${steps}`,
        [length, 6, 2],
        (layers) => layers.timeDistributed({ layer: layers.lstm({ units: 3 }) as never }),
        given,
      ),
      chainCase(
        'wrapped',
        `flatten, ${steps}`,
        [length, 6, 2],
        (layers) => layers.timeDistributed({ layer: layers.flatten() }),
        given,
      ),
    ];
  }),
  // Rows of B and of B · T examples, of one width: onnxruntime may give both the same memory if a file calls them the same.
  chainCase('wrapped', 'between dense layers', [4], (layers) => [
    layers.dense({ units: 4, activation: 'tanh' }),
    layers.dense({ units: 28, activation: 'tanh' }),
    layers.reshape({ targetShape: [7, 4] }),
    layers.timeDistributed({ layer: layers.batchNormalization() }),
    layers.timeDistributed({ layer: layers.dense({ units: 4, activation: 'swish' as never }) }),
    layers.timeDistributed({ layer: layers.layerNormalization() }),
    layers.flatten(),
    layers.dense({ units: 4 }),
  ]),
  chainCase('wrapped', 'conv2d and batch normalization', [3, 5, 4, 2], (layers) => [
    layers.timeDistributed({ layer: layers.conv2d({ filters: 3, kernelSize: 2, padding: 'same' }) }),
    layers.timeDistributed({ layer: layers.batchNormalization() }),
    layers.timeDistributed({ layer: layers.flatten() }),
    layers.simpleRNN({ units: 3 }),
  ]),
];

const CONV_LSTMS: Readonly<Record<string, object>> = {
  'the last output': {},
  'sequences, same': { returnSequences: true, padding: 'same' },
  'strides, states': { strides: 2, returnState: true, useBias: false, recurrentActivation: 'sigmoid' },
  'dilated, backwards': { dilationRate: 2, returnSequences: true, goBackwards: true, activation: 'relu' },
};

const convLstmCases = Object.entries(CONV_LSTMS).map(([name, options]) =>
  chainCase(
    'convLstm2d',
    name,
    [3, 6, 5, 2],
    (layers) => layers.convLstm2d({ filters: 2, kernelSize: [3, 2], ...options }) as never,
  ),
);

const modelCases: LayerCase[] = [
  chainCase('model', 'keyword spotting: a convolution, a GRU, a dense layer', [12, 10, 1], (layers) => [
    layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', useBias: false }),
    layers.batchNormalization(),
    layers.activation({ activation: 'relu' }),
    layers.maxPooling2d({ poolSize: [1, 2], strides: [1, 2] }),
    layers.reshape({ targetShape: [12, 20] }),
    layers.bidirectional({ layer: layers.gru({ units: 5, returnSequences: true }) as never, mergeMode: 'concat' }),
    layers.gru({ units: 4 }),
    layers.dense({ units: 3, activation: 'softmax' }),
  ]),
  {
    family: 'model',
    name: 'an encoder and a decoder that starts from its states',
    inputs: [{ shape: [6, 3] }, { shape: [4, 2] }],
    build(tf) {
      const [x, y] = [tf.input({ shape: [6, 3], name: 'x' }), tf.input({ shape: [4, 2], name: 'y' })];
      const [, h, c] = tf.layers.lstm({ units: 5, returnState: true }).apply(x) as SymbolicTensor[];
      const decoder = tf.layers.lstm({ units: 5, returnSequences: true });
      const decoded = decoder.apply([y, h, c] as SymbolicTensor[]) as SymbolicTensor;
      const outputs = tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 3 }) }).apply(decoded);
      return tf.model({ inputs: [x, y], outputs: outputs as SymbolicTensor });
    },
  },
];

export const WRAPPED_LAYER_CASES: readonly LayerCase[] = [
  ...embeddingCases,
  ...maskCases,
  ...attentionCases,
  ...wrappedCases,
  ...convLstmCases,
  ...modelCases,
];
