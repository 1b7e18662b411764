import type { Tensor, Tensor2D } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import type { OnnxLength } from '../description.ts';
import { type Attributes, type Compute, numberOf, type Operator, type Operators, wordOf } from '../operator.ts';
import { type Call, dtypeAt, float, int, shapeAt, text, texts } from '../shapes/call.ts';
import { countOf, tensor } from '../shapes/tensor.ts';
import type { Attribute } from '../write/graphBuilder.ts';
import type { Value } from '../write/graphValue.ts';
import { plain, transposed } from '../write/layout.ts';
import {
  wordAt as callWord,
  isValue,
  numberAt,
  type OperatorCall,
  stored,
  type Weight,
  type Write,
} from '../write/operatorCall.ts';

/** A recurrent layer with `gates` products for each of its cells. Source: ONNX, operators RNN, GRU, LSTM. */
export function recurring(gates: number): Operator {
  const sizes = (call: Call) => {
    const [x, r] = [shapeAt(call, 0), shapeAt(call, 2)];
    const isBatchFirst = int(call, 'layout', 0) === 1;
    const [first = null, second = null, features = null] = x ?? [];
    const hidden: OnnxLength = int(call, 'hidden_size', 0) || (r?.at(-1) ?? null);
    const directions = text(call, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
    const [steps, batch] = isBatchFirst ? [second, first] : [first, second];
    return { isBatchFirst, steps, batch, features, hidden, directions };
  };
  return {
    reads: [0, 1, 2, 3, 5, 6],
    outputs: (call) => {
      const { isBatchFirst, steps, batch, hidden, directions } = sizes(call);
      const dtype = dtypeAt(call, 0);
      const last = isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
      const all = isBatchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
      return [tensor(dtype, all), tensor(dtype, last), tensor(dtype, last)];
    },
    multiplyAdds: (call) => {
      const { steps, batch, features, hidden, directions } = sizes(call);
      if (shapeAt(call, 0)?.length !== 3) return undefined;
      if (typeof features !== 'number' || typeof hidden !== 'number') return undefined;
      return countOf(steps, batch, directions, gates, hidden, features + hidden);
    },
  };
}

/** Why a node is no usual cell; `others` are activations that may stand for all of them. */
function refuseUnusual(activations: readonly string[], ...others: readonly string[]) {
  return (call: Call): string | undefined => {
    const named = texts(call, 'activations');
    const isUsual = named.every((one, i) => {
      return one === activations[i % activations.length] || (others.includes(one) && named[0] === one);
    });
    if (!isUsual) return `its activations are ${named.join(', ')}`;
    if ((float(call, 'clip') ?? 0) !== 0) return 'it is clipped';
    if (int(call, 'input_forget', 0) !== 0) return 'its input and forget gates are one';
    if (call.inputs[7] !== undefined) return 'it has peepholes';
    return int(call, 'layout', 0) === 0 ? undefined : 'its batches come first';
  };
}

/** What one direction of a recurrent operator has: ONNX's weights W, R and B without their first axis. */
interface Direction {
  /** [G · H, F] */
  readonly input: Tensor2D;
  /** [G · H, H] */
  readonly recurrent: Tensor2D;
  /** [G · H] each */
  readonly inputBias: Tensor;
  readonly recurrentBias: Tensor;
}

type State = readonly Tensor[];
/** One step: what the input brings to the gates, [B, G · H], and the state before → the state after. */
type StepRule = (tf: Tf, fromInput: Tensor, state: State, direction: Direction, attributes: Attributes) => State;

const longShortTerm: Compute = recurrence(4, 2, (tf, fromInput, [h, c], { recurrent: weights, recurrentBias }) => {
  const gates = tf.add(tf.add(fromInput, tf.matMul(h as Tensor2D, weights, false, true)), recurrentBias);
  const [input, output, forget, cell] = tf.split(gates, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
  const kept = tf.mul(tf.sigmoid(forget), c as Tensor);
  const after = tf.add(kept, tf.mul(tf.sigmoid(input), tf.tanh(cell)));
  return [tf.mul(tf.sigmoid(output), tf.tanh(after)), after];
});

const gatedUnit: Compute = recurrence(3, 1, (tf, fromInput, [h], { recurrent: weights, recurrentBias }, attributes) => {
  const state = h as Tensor2D;
  const [updateIn, resetIn, newIn] = tf.split(fromInput, 3, 1) as [Tensor, Tensor, Tensor];
  const [updateBias, resetBias, newBias] = tf.split(recurrentBias, 3) as [Tensor, Tensor, Tensor];
  const [ofUpdate, ofReset, ofNew] = tf.split(weights, 3, 0) as [Tensor2D, Tensor2D, Tensor2D];
  const heard = (from: Tensor2D, matrix: Tensor2D, bias: Tensor) => tf.add(tf.matMul(from, matrix, false, true), bias);
  const update = tf.sigmoid(tf.add(updateIn, heard(state, ofUpdate, updateBias)));
  const reset = tf.sigmoid(tf.add(resetIn, heard(state, ofReset, resetBias)));
  const isAfter = numberOf(attributes, 'linearBeforeReset', 0) === 1;
  const remembered = isAfter
    ? tf.mul(reset, heard(state, ofNew, newBias))
    : heard(tf.mul(reset, state) as Tensor2D, ofNew, newBias);
  const fresh = tf.tanh(tf.add(newIn, remembered));
  return [tf.add(tf.mul(tf.sub(1, update), fresh), tf.mul(update, state))];
});

const plainUnit: Compute = recurrence(1, 1, (tf, fromInput, [h], { recurrent: weights, recurrentBias }, attributes) => {
  const sum = tf.add(tf.add(fromInput, tf.matMul(h as Tensor2D, weights, false, true)), recurrentBias);
  return [wordOf(attributes, 'activation', 'tanh') === 'relu' ? tf.relu(sum) : tf.tanh(sum)];
});

/** Operands: x, W [D, G·H, F], R [D, G·H, H], B [D, 2·G·H], then first states [B, D, H] where the model has them, 0 for zeros. */
function recurrence(gates: number, states: number, rule: StepRule): Compute {
  return (tf, [x, w, r, b, ...firstStates], attributes) => {
    const sequence = x as Tensor;
    const directions = (w as Tensor).shape[0] as number;
    const hidden = (r as Tensor).shape[2] as number;
    const isReverse = wordOf(attributes, 'direction', 'forward') === 'reverse';
    const returns = wordOf(attributes, 'returns', 'sequence');
    const results = Array.from({ length: directions }, (_, d) => {
      const one = (weights: Tensor | undefined) => tf.unstack(weights as Tensor)[d] as Tensor;
      const [inputBias, recurrentBias] = tf.split(one(b), 2) as [Tensor, Tensor];
      const direction = { input: one(w) as Tensor2D, recurrent: one(r) as Tensor2D, inputBias, recurrentBias };
      const batch = sequence.shape[0] as number;
      const start = Array.from({ length: states }, (_, i) => {
        const first = firstStates[i];
        if (first === undefined || first.rank === 0) return tf.zeros([batch, hidden]);
        // One that is stored holds for every example.
        return tf.broadcastTo(tf.unstack(first, 1)[d] as Tensor, [batch, hidden]);
      });
      const run = scan(tf, sequence, { direction, start, isBackward: isReverse || d === 1 }, rule, attributes, gates);
      if (returns === 'sequence') return tf.stack(run.outputs, 1);
      if (returns === 'sequenceAndCell') return tf.stack([...run.outputs, run.state[1] as Tensor], 1);
      return run.state[returns === 'cell' ? 1 : 0] as Tensor;
    });
    return tf.stack(results, returns.startsWith('sequence') ? 2 : 1);
  };
}

interface Scan {
  readonly direction: Direction;
  readonly start: State;
  readonly isBackward: boolean;
}

function scan(
  tf: Tf,
  x: Tensor,
  { direction, start, isBackward }: Scan,
  rule: StepRule,
  attributes: Attributes,
  gates: number,
) {
  const [batch, length, features] = x.shape as [number, number, number];
  const rows = tf.reshape(x, [batch * length, features]) as Tensor2D;
  const product = tf.add(tf.matMul(rows, direction.input, false, true), direction.inputBias);
  const wide = gates * (direction.recurrent.shape[1] as number);
  const steps = tf.unstack(tf.reshape(product, [batch, length, wide]), 1);
  const outputs: Tensor[] = [];
  let state = start;
  for (const step of isBackward ? steps.reverse() : steps) {
    state = rule(tf, step, state, direction, attributes);
    outputs.push(state[0] as Tensor);
  }
  return { outputs: isBackward ? outputs.reverse() : outputs, state };
}

/** ONNX has the batch second. */
const writeRecurrence =
  (attributesOf: (call: OperatorCall, directions: number) => Readonly<Record<string, Attribute>>): Write =>
  (call) => {
    const { graph, name, shape } = call;
    const [x, w, r, b, ...states] = call.operands as [Value, Weight, Weight, Weight, ...Value[]];
    const [directions, , hidden] = r.shape as [number, number, number];
    const returns = callWord(call, 'returns', 'sequence');
    const [batch = null, length = null] = x.shape;
    const inputs = [
      transposed(graph, x, [1, 0, 2]),
      ...[w, r, b].map((weight) => stored(graph, weight)),
      ...(states.length === 0
        ? []
        : ['', ...states.filter(isValue).map((state) => transposed(graph, plain(graph, state), [1, 0, 2]))]),
    ];
    const attributes = {
      hidden_size: hidden,
      direction: directions === 2 ? 'bidirectional' : callWord(call, 'direction', 'forward'),
      ...attributesOf(call, directions),
    };
    const state = { shape: [directions, batch, hidden] };
    const outputs = {
      sequence: [{ shape: [length, directions, batch, hidden] }],
      state: [undefined, state],
      cell: [undefined, undefined, state],
    }[returns as 'sequence' | 'state' | 'cell'];
    const made = graph.nodeOf(name, inputs, outputs, attributes).at(-1) as Value;
    return { ...transposed(graph, made, returns === 'sequence' ? [2, 0, 1, 3] : [1, 0, 2]), shape };
  };

const refuseWrite: Operator['refuseWrite'] = ({ attributes, operands }) => {
  if (attributes['returns'] === 'sequenceAndCell') return 'it gives its cell along with its sequence';
  return operands.slice(4).some((kind) => kind !== 'tensor') ? 'it begins with a state that is stored' : undefined;
};

/**
 * RNN, GRU and LSTM, computed over [B, T, F] with ONNX's gates: → [B, T, D, H], or the state after the last step [B, D, H].
 * `returns`: 'sequence', 'state', 'cell' or 'sequenceAndCell', which has the cell as one more step.
 */
export const recurrent: Operators = {
  RNN: {
    ...recurring(1),
    refuse: refuseUnusual(['Tanh'], 'Relu'),
    write: writeRecurrence((call, directions) => ({
      ...(callWord(call, 'activation', 'tanh') === 'relu' && {
        activations: new Array<string>(directions).fill('Relu'),
      }),
    })),
    refuseWrite,
    compute: plainUnit,
  },
  GRU: {
    ...recurring(3),
    refuse: refuseUnusual(['Sigmoid', 'Tanh']),
    write: writeRecurrence((call) => ({ linear_before_reset: numberAt(call, 'linearBeforeReset', 0) })),
    refuseWrite,
    compute: gatedUnit,
  },
  LSTM: {
    ...recurring(4),
    refuse: refuseUnusual(['Sigmoid', 'Tanh', 'Tanh']),
    write: writeRecurrence(() => ({})),
    refuseWrite,
    compute: longShortTerm,
  },
};
