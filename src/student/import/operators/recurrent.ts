import { float, int, text } from '../../onnx/shapes/call.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import type { Builder, Constant, OperatorTable, Step, Value } from '../operator.ts';
import { refuseComputed, refuseUnknown } from '../placing.ts';
import { tfjsRecurrent } from '../tfjsRecurrent.ts';

type Kind = 'lstm' | 'gru' | 'rnn';

const GATES = { lstm: 4, gru: 3, rnn: 1 } as const;

function refuseRecurrent(step: Step, kind: Kind): string | undefined {
  const stored = [1, 2, 3].map((i) => (step.inputs[i] === undefined ? undefined : refuseComputed(step, i, 'weights')));
  const [words = []] = [step.node.attribute.find(({ name }) => name === 'activations')?.strings];
  const usual = { lstm: ['Sigmoid', 'Tanh', 'Tanh'], gru: ['Sigmoid', 'Tanh'], rnn: ['Tanh'] }[kind];
  const given = words.map((one) => new TextDecoder().decode(one));
  const isUsual = given.every(
    (one, i) => one === usual[i % usual.length] || (kind === 'rnn' && one === 'Relu' && given[0] === one),
  );
  const used = step.node.output.map((name) => name !== '');
  if (!isUsual) return `its activations are ${given.join(', ')}`;
  if (float(step, 'clip') !== undefined) return 'it clips its gates';
  if (int(step, 'input_forget', 0) === 1) return 'it couples its gates (input_forget)';
  if (step.inputs[7] !== undefined) return 'it has peepholes';
  if (int(step, 'layout', 0) === 1) return 'its batch comes first (layout 1)';
  if (step.inputs[4] !== undefined) return 'its sequences have lengths of their own (sequence_lens)';
  if (used[2] === true && (used[0] === true || used[1] === true)) return 'its cell state is read besides its output';
  return stored.find((one) => one !== undefined) ?? refuseUnknown(step);
}

/** First states of zeros, which may be made for the batch, are those that a layer begins with anyway. */
function firstState(step: Step, builder: Builder, index: number): SymbolicTensor | undefined {
  if (step.inputs[index] === undefined || isZero(step, index)) return undefined;
  const constant = step.constant(index);
  if (constant !== undefined) return undefined;
  return builder.arrange(builder.value(step, index), [1, 0, 2]);
}

export function isZero(step: Step, index: number): boolean {
  const known = step.constant(index)?.data ?? step.inputs[index]?.values;
  return known !== undefined && [...known].every((one) => one === 0);
}

function build(step: Step, builder: Builder, kind: Kind): readonly (Value | undefined)[] {
  // [T, B, F] as the model counts: the batch comes first here.
  const x = builder.arrange(builder.value(step, 0), [1, 0, 2]);
  const [w, r] = [step.constant(1) as Constant, step.constant(2) as Constant];
  const [directions, , hidden] = r.shape as [number, number, number];
  const b = step.constant(3) ?? zeros(`${r.name}.bias`, [directions, 2 * GATES[kind] * hidden]);
  const states = [5, 6].flatMap((i) => firstState(step, builder, i) ?? []);
  const isUsed = step.node.output.map((name) => name !== '');
  const native = states.length === 0 ? tfjsRecurrent(step, builder, kind, { x, w, r, b }) : undefined;
  if (native !== undefined) return native;
  const given = step.node.attribute.find(({ name }) => name === 'activations')?.strings[0];
  const attributes = {
    direction: text(step, 'direction', 'forward'),
    linearBeforeReset: int(step, 'linear_before_reset', 0),
    activation: given !== undefined && new TextDecoder().decode(given) === 'Relu' ? 'relu' : 'tanh',
  };
  const operate = (returns: string) => {
    const length = returns === 'sequence' ? [x.shape[1] ?? null] : [];
    const shape = [x.shape[0] ?? null, ...length, directions, hidden];
    const operands = [x, { weight: w }, { weight: r }, { weight: b }, ...states];
    return builder.operate(step, { operator: kind, operands, attributes: { ...attributes, returns }, shape });
  };
  if (isUsed[2] === true) return [undefined, undefined, { tensor: operate('cell'), axes: [1, 0, 2], rank: 3 }];
  if (isUsed[0] !== true) return [undefined, { tensor: operate('state'), axes: [1, 0, 2], rank: 3 }];
  const sequence = { tensor: operate('sequence'), axes: [2, 0, 1, 3], rank: 4 };
  return [sequence, isUsed[1] === true ? lastState(step, builder, sequence.tensor) : undefined];
}

/** The state after the last step, of the sequence [B, T, D, H]; a backward one ends at the first. */
function lastState(step: Step, builder: Builder, sequence: SymbolicTensor): Value {
  const [batch = null, , directions = 1, hidden = null] = sequence.shape as [number | null, number, number, number];
  const isReverse = text(step, 'direction', 'forward') === 'reverse';
  const END = 2 ** 31 - 1;
  const states = Array.from({ length: directions }, (_, d) => {
    const isFirst = isReverse || d === 1;
    const attributes = {
      starts: [0, isFirst ? 0 : -1, d, 0],
      ends: [END, isFirst ? 1 : END, d + 1, END],
      steps: [1, 1, 1, 1],
    };
    return builder.operate(step, { operator: 'slice', operands: [sequence], attributes, shape: [batch, 1, 1, hidden] });
  });
  const [first] = states as [SymbolicTensor];
  const both =
    directions === 1
      ? first
      : builder.apply(builder.tf.layers.concatenate({ axis: 2, name: builder.name(step) }), states);
  const { reshape } = builder.tf.layers;
  const tensor = builder.apply(
    reshape({ targetShape: [directions, hidden as number], name: builder.name(step) }),
    both,
  );
  return { tensor, axes: [1, 0, 2], rank: 3 };
}

function zeros(name: string, shape: readonly number[]): Constant {
  return { name, shape, data: new Float32Array(shape.reduce((a, c) => a * c, 1)), isFloat: true };
}

function recurrence(kind: Kind): OperatorTable[string] {
  return {
    reads: [0, 1, 2, 3, 5, 6],
    refuse: (step) => refuseRecurrent(step, kind),
    build: (step, builder) => build(step, builder, kind),
  };
}

/** Operators over sequences. */
export const recurrent: OperatorTable = { LSTM: recurrence('lstm'), GRU: recurrence('gru'), RNN: recurrence('rnn') };
