// Random cases of LSTM and GRU over whole sequences: every output, and every gradient.
import fc from 'fast-check';
import { gru } from '../../ops/gru.ts';
import { lstm } from '../../ops/lstm.ts';
import * as tf from '../../tf.ts';
import type { RecurrentActivation } from '../recurrent/recurrent.ts';
import { casesOf, type Inputs, type KernelCases } from './randomCases.ts';

interface SequenceAttrs {
  readonly batch: number;
  readonly time: number;
  readonly features: number;
  readonly units: number;
  readonly recurrentActivation: RecurrentActivation;
  readonly hasBias: boolean;
  readonly hasState: boolean;
  /** Of a GRU. */
  readonly resetAfter: boolean;
}

// Around tiles of 3 rows, vectors of 4 units, and panels of 8 and 16.
const attrs = fc.record<SequenceAttrs>({
  batch: fc.integer({ min: 1, max: 8 }),
  time: fc.integer({ min: 1, max: 6 }),
  features: fc.integer({ min: 1, max: 9 }),
  units: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(15, 16, 17, 33)),
  recurrentActivation: fc.constantFrom<RecurrentActivation>('sigmoid', 'hardSigmoid'),
  hasBias: fc.boolean(),
  hasState: fc.boolean(),
  resetAfter: fc.boolean(),
});

/** x, kernel, recurrent matrix, biases of both, both states, and the weights of the outputs in the gradients' loss. */
const shapesFor =
  (gates: number) =>
  ({ batch, time, features, units }: SequenceAttrs) => [
    [batch, time, features],
    [features, gates * units],
    [units, gates * units],
    [gates * units],
    [gates * units],
    [batch, units],
    [batch, units],
    [batch, time + 2, units],
  ];

type Results = readonly [outputs: tf.Tensor, ...last: tf.Tensor[]];
type Layer = (attrs: SequenceAttrs, inputs: readonly tf.Tensor[]) => Results;

const lstmOf: Layer = ({ recurrentActivation, hasBias, hasState }, inputs) => {
  const [x, kernel, recurrentKernel, bias, , h, c] = scaled(inputs);
  const { outputs, lastOutput, lastCell } = lstm(
    x,
    { kernel, recurrentKernel, bias: hasBias ? bias : undefined },
    { recurrentActivation, initialState: hasState ? { h, c } : undefined },
  );
  return [outputs, lastOutput, lastCell];
};

const gruOf: Layer = ({ recurrentActivation, hasBias, hasState, resetAfter }, inputs) => {
  const [x, kernel, recurrentKernel, bias, recurrentBias, h] = scaled(inputs);
  const biases = hasBias ? { bias, recurrentBias: resetAfter ? recurrentBias : undefined } : {};
  const { outputs, lastOutput } = gru(
    x,
    { kernel, recurrentKernel, ...biases },
    { recurrentActivation, resetAfter, initialState: hasState ? h : undefined },
  );
  return [outputs, lastOutput];
};

/**
 * Small enough for the gates not to be shut, and for a state not to magnify the one before it; and no sum of whole values
 * lies on a corner of hardSigmoid (±2.5), where the gradients differ.
 */
function scaled(inputs: readonly tf.Tensor[]): Inputs {
  const [, , recurrent] = inputs as unknown as Inputs;
  const scales = [0.51, 0.49, 0.47 / Math.sqrt(recurrent.shape[0] as number), 0.33, 0.37, 0.237, 0.5];
  return inputs.map((input, i) => tf.mul(input, scales[i] ?? 1)) as unknown as Inputs;
}

const flat = (tensors: readonly tf.Tensor[]) => tf.concat(tensors.map((tensor) => tf.reshape(tensor, [-1])));

function gradientsOf(layer: Layer, values: SequenceAttrs, inputs: Inputs): tf.Tensor {
  const weights = tf.mul(inputs[7], 0.25);
  const { time } = values;
  const loss = (...tensors: tf.Tensor[]) => {
    const [outputs, ...last] = layer(values, tensors);
    const of = (tensor: tf.Tensor, first: number, steps: number) =>
      tf.sum(tf.mul(tensor, tf.reshape(tf.slice(weights, [0, first, 0], [-1, steps, -1]), tensor.shape)));
    return tf.addN([of(outputs, 0, time), ...last.map((state, i) => of(state, time + i, 1))]) as tf.Scalar;
  };
  const isUsed = layer === lstmOf ? [1, 1, 1, values.hasBias, 0, values.hasState, values.hasState] : gruUses(values);
  const used = inputs.slice(0, 7).filter((_, i) => isUsed[i]);
  const all = (given: tf.Tensor[]) => isUsed.map((uses, i) => (uses ? given.shift() : inputs[i]) as tf.Tensor);
  return flat(tf.grads((...given) => loss(...all(given)))(used));
}

function gruUses({ hasBias, hasState, resetAfter }: SequenceAttrs) {
  return [1, 1, 1, hasBias, hasBias && resetAfter, hasState, 0];
}

function casesFor(kernelName: string, layer: Layer, gates: number, isGradient: boolean): KernelCases {
  return casesOf<SequenceAttrs>({
    kernelName,
    attrs,
    inputShapes: shapesFor(gates),
    // A weight's gradient sums all steps, and a rounded state goes on through all of them; fractions are not larger than 1.
    depth: ({ batch, time, features, units }) => 4 * batch * time + 4 * (features + units),
    // Other formulas of tanh and the sigmoid.
    isFallback: () => true,
    run: (values, inputs) => (isGradient ? gradientsOf(layer, values, inputs) : flat(layer(values, inputs))),
  });
}

interface WeightAttrs extends Pick<SequenceAttrs, 'batch' | 'time' | 'units'> {
  readonly gates: number;
  /** Whether the last gate reads something else than the state. */
  readonly hasReset: boolean;
}

const weightCases = casesOf<WeightAttrs>({
  kernelName: 'RecurrentKernelGrad',
  attrs: fc.record<WeightAttrs>({
    batch: fc.integer({ min: 1, max: 5 }),
    // The last is so long that the sum over all steps is cut into pieces.
    time: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 1, max: 20 }) },
      { weight: 1, arbitrary: fc.constant(2100) },
    ),
    units: fc.integer({ min: 1, max: 18 }),
    gates: fc.integer({ min: 2, max: 4 }),
    hasReset: fc.boolean(),
  }),
  inputShapes: ({ batch, time, units, gates }) => [
    [batch, time, units],
    [batch, units],
    [batch, time, gates * units],
    [batch, time, units],
  ],
  depth: ({ batch, time }) => batch * time,
  run: ({ hasReset }, [h, h0, dz, reset]) =>
    tf.engine().runKernel('RecurrentKernelGrad', hasReset ? { h, h0, dz, reset } : { h, h0, dz }) as tf.Tensor,
  reference({ batch, time, units, gates, hasReset }, [h, h0, dz, reset]) {
    const rows = (tensor: tf.Tensor) => tf.reshape(tensor, [batch * time, -1]);
    const first = tf.reshape(h0, [batch, 1, units]);
    const before = time === 1 ? first : tf.concat([first, tf.slice(h, [0, 0, 0], [-1, time - 1, -1])], 1);
    const [others, last] = tf.split(rows(dz), [(gates - 1) * units, units], 1) as [tf.Tensor, tf.Tensor];
    const ofLast = tf.matMul(rows(hasReset ? reset : before), last, true);
    return tf.concat([tf.matMul(rows(before), others, true), ofLast], 1);
  },
});

export const recurrentCases: readonly KernelCases[] = [
  casesFor('LstmSequence', lstmOf, 4, false),
  casesFor('LstmSequenceGrad', lstmOf, 4, true),
  casesFor('GruSequence', gruOf, 3, false),
  casesFor('GruSequenceGrad', gruOf, 3, true),
  weightCases,
];
