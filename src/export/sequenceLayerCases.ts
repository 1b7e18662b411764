// Models of recurrent layers, by family, on which the export is compared with tfjs, here and in browsers.
import type { SymbolicTensor } from '../runtime/tf.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import type { CaseInput, LayerCase } from './layerCases.ts';

type Layers = Tf['layers'];
type Made = { apply(x: SymbolicTensor | SymbolicTensor[], options?: object): unknown };
type Shape = readonly (number | null)[];

/** A chain of layers behind one input; every output of the last layer is one of the model's. */
export function chainCase(
  family: string,
  name: string,
  shape: Shape,
  make: (layers: Layers, tf: Tf) => Made | readonly Made[],
  given: Partial<CaseInput> = {},
): LayerCase {
  const input = { shape: shape as number[], ...given };
  return {
    family,
    name,
    inputs: [input],
    build(tf) {
      const x = tf.input({ shape: [...shape], name: 'input', ...(given.dtype && { dtype: given.dtype }) });
      const made = [make(tf.layers, tf)].flat() as readonly Made[];
      const outputs = made.reduce<SymbolicTensor | SymbolicTensor[]>(
        (value, layer) => layer.apply(value) as SymbolicTensor,
        x,
      );
      return tf.model({ inputs: x, outputs });
    },
  };
}

const LENGTHS = [1, 2, 7] as const;
const KINDS = ['lstm', 'gru', 'simpleRNN'] as const;
type Kind = (typeof KINDS)[number];

/** The options of the three differ in what is not used here. */
function layerOf(layers: Layers, kind: Kind, options: object): Made {
  return (layers[kind] as unknown as (options: object) => Made)({ units: 4, ...options });
}

const OPTIONS: Readonly<Record<string, object>> = {
  'the last output': {},
  sequences: { returnSequences: true },
  'without bias': { useBias: false, returnSequences: true },
  backwards: { goBackwards: true },
  'sequences backwards': { goBackwards: true, returnSequences: true },
  'the last output and states': { returnState: true },
  'sequences and states backwards': { returnState: true, returnSequences: true, goBackwards: true },
  'sigmoid gates': { recurrentActivation: 'sigmoid' },
  'dropout in training': { dropout: 0.3, recurrentDropout: 0.2, implementation: 1 },
  'implementation 2': { implementation: 2, unroll: true },
};

const plainCases = KINDS.flatMap((kind) => [
  ...LENGTHS.map((length) =>
    chainCase('recurrent', `${kind}, ${length} steps`, [length, 3], (layers) =>
      layerOf(layers, kind, { returnSequences: true, returnState: true }),
    ),
  ),
  ...Object.entries(OPTIONS).map(([name, options]) =>
    chainCase('recurrent', `${kind}, ${name}`, [7, 3], (layers) => layerOf(layers, kind, options)),
  ),
  chainCase(
    'recurrent',
    `${kind}, a free length`,
    [null, 3],
    (layers) => layerOf(layers, kind, { returnSequences: true }),
    {
      shape: [7, 3],
    },
  ),
  chainCase('recurrent', `two of ${kind}, a dense layer`, [7, 3], (layers) => [
    layerOf(layers, kind, { returnSequences: true, goBackwards: true }),
    layerOf(layers, kind, {}),
    layers.dense({ units: 2 }),
  ]),
  initialCase(kind),
]);

/** The initial states are inputs of the model. */
function initialCase(kind: Kind): LayerCase {
  const states = kind === 'lstm' ? ['h', 'c'] : ['h'];
  return {
    family: 'recurrent',
    name: `${kind}, first states as inputs`,
    inputs: [{ shape: [7, 3] }, ...states.map(() => ({ shape: [4] }))],
    build(tf) {
      const x = tf.input({ shape: [7, 3], name: 'input' });
      const initialState = states.map((name) => tf.input({ shape: [4], name }));
      const layer = layerOf(tf.layers, kind, { returnSequences: true, returnState: true });
      const outputs = layer.apply([x, ...initialState]) as SymbolicTensor[];
      return tf.model({ inputs: [x, ...initialState], outputs });
    },
  };
}

/** With an operator of their own in ONNX, and without: those are written step by step. */
const activationCases = [
  'relu',
  'linear',
  'elu',
  'softsign',
  'softplus',
  'selu',
  'swish',
  'gelu',
  'mish',
  'softmax',
].flatMap((activation) =>
  KINDS.map((kind) =>
    chainCase('recurrent activation', `${kind}, ${activation}`, [5, 3], (layers) =>
      layerOf(layers, kind, { activation, returnSequences: true, returnState: true }),
    ),
  ),
);

const stepwiseCases = KINDS.flatMap((kind) => [
  ...LENGTHS.map((length) =>
    chainCase('step by step', `${kind}, ${length} steps backwards`, [length, 3], (layers) =>
      layerOf(layers, kind, { activation: 'swish', goBackwards: true, returnSequences: true, useBias: false }),
    ),
  ),
  chainCase('step by step', `${kind}, the last output`, [7, 3], (layers) =>
    layerOf(layers, kind, { activation: 'gelu', recurrentActivation: 'softmax' }),
  ),
]);

type Cell = 'lstmCell' | 'gruCell' | 'simpleRNNCell';
const STACKS: Readonly<Record<string, readonly Cell[]>> = {
  'one LSTM cell': ['lstmCell'],
  'one GRU cell': ['gruCell'],
  'two SimpleRNN cells': ['simpleRNNCell', 'simpleRNNCell'],
  'LSTM on GRU': ['gruCell', 'lstmCell'],
  'three cells': ['lstmCell', 'simpleRNNCell', 'gruCell'],
};

const stackCases = Object.entries(STACKS).flatMap(([name, cells]) =>
  [{}, { returnSequences: true, returnState: true }, { returnSequences: true, goBackwards: true }].map((options, i) =>
    chainCase(
      'rnn',
      `${name}, ${['the last output', 'sequences and states', 'backwards'][i]}`,
      [5, 3],
      (layers, tf) => {
        const make = (cell: Cell, units: number) => (tf.layers[cell] as (options: object) => object)({ units });
        const made = cells.map((cell, k) => make(cell, 3 + k));
        const cell = made.length === 1 ? made[0] : i === 0 ? layers.stackedRNNCells({ cells: made as never }) : made;
        return layers.rnn({ cell: cell as never, ...options });
      },
    ),
  ),
);

const MERGE_MODES = ['concat', 'sum', 'mul', 'ave', null] as const;

const bidirectionalCases: LayerCase[] = [
  ...MERGE_MODES.flatMap((mergeMode) =>
    KINDS.flatMap((kind) =>
      [{ returnSequences: true }, {}, { returnSequences: true, goBackwards: true, returnState: kind === 'lstm' }].map(
        (options, i) =>
          chainCase(
            'bidirectional',
            `${kind}, ${mergeMode}, ${['sequences', 'the last output', 'turned around'][i]}`,
            [6, 3],
            (layers) =>
              layers.bidirectional({ layer: layerOf(layers, kind, options) as never, mergeMode: mergeMode as never }),
          ),
      ),
    ),
  ),
  ...LENGTHS.map((length) =>
    chainCase('bidirectional', `gru on gru, ${length} steps`, [length, 3], (layers) => [
      layers.bidirectional({ layer: layerOf(layers, 'gru', { returnSequences: true }) as never, mergeMode: 'concat' }),
      layers.bidirectional({ layer: layerOf(layers, 'gru', {}) as never, mergeMode: 'sum' }),
    ]),
  ),
  chainCase(
    'bidirectional',
    'a free length',
    [null, 3],
    (layers) =>
      layers.bidirectional({ layer: layerOf(layers, 'lstm', { returnSequences: true }) as never, mergeMode: 'concat' }),
    { shape: [7, 3] },
  ),
  {
    family: 'bidirectional',
    name: 'first states as inputs',
    inputs: [{ shape: [6, 3] }, { shape: [4] }, { shape: [4] }],
    build(tf) {
      const [x, h, back] = [[6, 3], [4], [4]].map((shape, i) =>
        tf.input({ shape, name: `in${i}` }),
      ) as SymbolicTensor[];
      const layer = tf.layers.bidirectional({
        layer: layerOf(tf.layers, 'gru', { returnSequences: true }) as never,
        mergeMode: 'concat',
      });
      const inputs = [x, h, back] as SymbolicTensor[];
      return tf.model({ inputs, outputs: layer.apply(inputs) as SymbolicTensor });
    },
  },
];

const otherCases: LayerCase[] = [
  ...KINDS.map((kind) =>
    chainCase(
      'masked',
      `${kind}, every step`,
      [4],
      (layers) => [
        layers.embedding({ inputDim: 3, outputDim: 2, maskZero: true }),
        layerOf(layers, kind, { returnSequences: true, returnState: true }),
      ],
      { dtype: 'int32', below: 1 },
    ),
  ),
  {
    family: 'recurrent',
    name: 'one layer for two inputs, in a nested model',
    inputs: [{ shape: [5, 3] }, { shape: [5, 3] }],
    build(tf) {
      const inside = tf.input({ shape: [5, 3], name: 'inside' });
      const both = tf.layers.bidirectional({ layer: layerOf(tf.layers, 'lstm', {}) as never, mergeMode: 'concat' });
      const nested = tf.model({ inputs: inside, outputs: both.apply(inside) as SymbolicTensor, name: 'nested' });
      const [a, b] = ['a', 'b'].map((name) => tf.input({ shape: [5, 3], name })) as [SymbolicTensor, SymbolicTensor];
      const outputs = tf.layers.dot({ axes: 1 }).apply([a, b].map((x) => nested.apply(x) as SymbolicTensor));
      return tf.model({ inputs: [a, b], outputs: outputs as SymbolicTensor });
    },
  },
];

export const SEQUENCE_LAYER_CASES: readonly LayerCase[] = [
  ...plainCases,
  ...activationCases,
  ...stepwiseCases,
  ...stackCases,
  ...bidirectionalCases,
  ...otherCases,
];
