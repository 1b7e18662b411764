import { operatorOf } from '../../../onnx/operators.ts';
import { int, text, texts } from '../../../onnx/shapes/call.ts';
import type { SymbolicTensor } from '../../../runtime/tf.ts';
import type { Builder, Constant, Operand, OperatorTable, Step, Value } from '../operator.ts';
import { refuseComputed, refuseUnknown, turnedConstant } from '../placing.ts';
import { tfjsRecurrent } from '../tfjsRecurrent.ts';

type Kind = 'lstm' | 'gru' | 'rnn';

const GATES = { lstm: 4, gru: 3, rnn: 1 } as const;

function refuseRecurrent(step: Step): string | undefined {
  const stored = [1, 2, 3].map((i) => (step.inputs[i] === undefined ? undefined : refuseComputed(step, i, 'weights')));
  const unusual = operatorOf('', step.node.opType)?.refuse?.(step);
  if (unusual !== undefined) return unusual;
  if (step.inputs[4] !== undefined) return 'its sequences have lengths of their own (sequence_lens)';
  return stored.find((one) => one !== undefined) ?? refuseState(step, 5) ?? refuseState(step, 6) ?? refuseUnknown(step);
}

/** Initial states of zeros, even if made for the batch, are a layer's default. */
function firstStates(step: Step, builder: Builder, kind: Kind): Operand[] {
  const indices = kind === 'lstm' ? [5, 6] : [5];
  if (indices.every((index) => isBlank(step, index))) return [];
  return indices.map((index) => {
    if (isBlank(step, index)) return 0;
    const constant = step.constant(index);
    if (constant === undefined) return builder.arrange(builder.value(step, index), [1, 0, 2]);
    return { weight: turnedConstant(constant, [1, 0, 2]) };
  });
}

/** [D, B, H]: a stored one applies to every example. */
function refuseState(step: Step, index: number): string | undefined {
  const isMany = (step.constant(index)?.shape[1] ?? 1) !== 1 && !isBlank(step, index);
  return isMany ? 'it stores a first state for each example of a batch' : undefined;
}

function isBlank(step: Step, index: number): boolean {
  return step.inputs[index] === undefined || isZero(step, index);
}

function isZero(step: Step, index: number): boolean {
  const known = step.constant(index)?.data ?? step.inputs[index]?.values;
  return known !== undefined && [...known].every((one) => one === 0);
}

function build(step: Step, builder: Builder, kind: Kind): readonly (Value | undefined)[] {
  // [T, B, F] in the model; here the batch comes first.
  const x = builder.arrange(builder.value(step, 0), [1, 0, 2]);
  const [w, r] = [step.constant(1) as Constant, step.constant(2) as Constant];
  const [directions, , hidden] = r.shape as [number, number, number];
  const b = step.constant(3) ?? zeros(`${r.name}.bias`, [directions, 2 * GATES[kind] * hidden]);
  const states = firstStates(step, builder, kind);
  const isUsed = step.node.output.map((name) => name !== '');
  const native = states.length === 0 ? tfjsRecurrent(step, builder, kind, { x, w, r, b }) : undefined;
  if (native !== undefined) return native;
  const attributes = {
    direction: text(step, 'direction', 'forward'),
    linearBeforeReset: int(step, 'linear_before_reset', 0),
    activation: texts(step, 'activations')[0] === 'Relu' ? 'relu' : 'tanh',
  };
  const operate = (returns: string) => {
    const steps = x.shape[1] ?? null;
    const more = returns === 'sequenceAndCell' && steps !== null ? 1 : 0;
    const length = returns.startsWith('sequence') ? [steps === null ? null : steps + more] : [];
    const shape = [x.shape[0] ?? null, ...length, directions, hidden];
    const operands = [x, { weight: w }, { weight: r }, { weight: b }, ...states];
    return builder.operate(step, { operator: kind, operands, attributes: { ...attributes, returns }, shape });
  };
  if (isUsed[2] === true && (isUsed[0] === true || isUsed[1] === true)) return withCell(step, builder, operate);
  if (isUsed[2] === true) return [undefined, undefined, { tensor: operate('cell'), axes: [1, 0, 2], rank: 3 }];
  if (isUsed[0] !== true) return [undefined, { tensor: operate('state'), axes: [1, 0, 2], rank: 3 }];
  const sequence = { tensor: operate('sequence'), axes: [2, 0, 1, 3], rank: 4 };
  return [sequence, isUsed[1] === true ? lastState(step, builder, sequence.tensor) : undefined];
}

/** The sequence, the state and the cell of one layer, which gives the cell as an additional last step. */
function withCell(
  step: Step,
  builder: Builder,
  operate: (returns: string) => SymbolicTensor,
): readonly (Value | undefined)[] {
  const both = operate('sequenceAndCell');
  const [batch = null, length = null, directions = 1, hidden = 1] = both.shape as [number | null, ...number[]];
  const part = (starts: number, ends: number, steps: number | null) => {
    const attributes = { starts: [0, starts, 0, 0], ends: [END, ends, END, END], steps: [1, 1, 1, 1] };
    const shape = [batch, steps, directions, hidden];
    return builder.operate(step, { operator: 'slice', operands: [both], attributes, shape });
  };
  const sequence = part(0, -1, length === null ? null : length - 1);
  const state = step.node.output[1] === '' ? undefined : lastState(step, builder, sequence);
  const targetShape = [directions, hidden];
  const reshape = builder.tf.layers.reshape({ targetShape, name: builder.name(step) });
  const cell = { tensor: builder.apply(reshape, part(-1, END, 1)), axes: [1, 0, 2], rank: 3 };
  return [{ tensor: sequence, axes: [2, 0, 1, 3], rank: 4 }, state, cell];
}

/** To the end of an axis. */
const END = 2 ** 31 - 1;

/** The state after the last step of the sequence [B, T, D, H]; a backward direction ends at the first step. */
function lastState(step: Step, builder: Builder, sequence: SymbolicTensor): Value {
  const [batch = null, , directions = 1, hidden = null] = sequence.shape as [number | null, number, number, number];
  const isReverse = text(step, 'direction', 'forward') === 'reverse';
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
    refuse: refuseRecurrent,
    build: (step, builder) => build(step, builder, kind),
  };
}

/** Operators over sequences. */
export const recurrent: OperatorTable = { LSTM: recurrence('lstm'), GRU: recurrence('gru'), RNN: recurrence('rnn') };
