import { operatorOf } from '../../../onnx/operators.ts';
import { gru } from '../../../runtime/ops/gru.ts';
import { lstm } from '../../../runtime/ops/lstm.ts';
import * as tf from '../../../runtime/tf.ts';
import { int, type Operator, type Operators, type StepCall, text, unsupported } from '../call.ts';
import { inOrder, inPlain, type LayoutValue, plainValue } from '../layoutValue.ts';
import { flushed } from './convolutions.ts';

/** The results of one direction: all outputs [B, T, U], and the final states, [B, U] each. */
interface Walked {
  readonly outputs: tf.Tensor;
  readonly last: readonly tf.Tensor[];
}

interface Walk {
  readonly x: tf.Tensor;
  /** The kernels' weights, by the names under which they are kept. */
  readonly matrix: (name: 'kernel' | 'recurrentKernel') => tf.Tensor;
  readonly bias: (parts: readonly number[]) => tf.Tensor | undefined;
  /** The initial state, from an input of the node. */
  readonly state: (index: number) => tf.Tensor | undefined;
}

/** ONNX's positions of the gates in the kernels' order: input, forget, candidate, output. */
const LSTM_GATES = [0, 2, 3, 1];
const GRU_GATES = [0, 1, 2];

const longShortTerm: Operator = (call) =>
  recurrent(call, LSTM_GATES, ({ x, matrix, bias, state }) => {
    const weights = { kernel: matrix('kernel'), recurrentKernel: matrix('recurrentKernel'), bias: bias([0, 1]) };
    const zeros = () => tf.zeros([x.shape[0] as number, weights.recurrentKernel.shape[0] as number]);
    const initialState = { h: state(5) ?? zeros(), c: state(6) ?? zeros() };
    const { outputs, lastOutput, lastCell } = lstm(x, given(weights), { initialState });
    return { outputs, last: [lastOutput, lastCell] };
  });

const gatedUnit: Operator = (call) => {
  const resetAfter = int(call, 'linear_before_reset', 0) === 1;
  return recurrent(call, GRU_GATES, ({ x, matrix, bias, state }) => {
    const biases = resetAfter ? { bias: bias([0]), recurrentBias: bias([1]) } : { bias: bias([0, 1]) };
    const weights = { kernel: matrix('kernel'), recurrentKernel: matrix('recurrentKernel'), ...biases };
    const initialState = state(5);
    const { outputs, lastOutput } = gru(x, given(weights), { resetAfter, ...(initialState && { initialState }) });
    return { outputs, last: [lastOutput] };
  });
};

function given<T extends object>(weights: T) {
  const set = Object.entries(weights).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [name in keyof T]: Exclude<T[name], undefined> };
}

/** Runs one or both directions: outputs [T, D, B, U] and [D, B, U] of the model, with the batch first on the heap. */
function recurrent(call: StepCall, gates: readonly number[], walk: (one: Walk) => Walked): LayoutValue[] {
  const direction = text(call, 'direction', 'forward');
  requirePlain(call);
  // Batch by batch, in the kernels' order.
  const x = inOrder(call.value(0), [1, 0, 2]);
  const count = direction === 'bidirectional' ? 2 : 1;
  const walked = Array.from({ length: count }, (_, at) => {
    const isBackwards = direction === 'reverse' || at === 1;
    const { outputs, last } = walk({
      x: isBackwards ? backwards(x) : x,
      matrix: (name) => call.kept(`${name} ${at}`, () => matrixFrom(call, name === 'kernel' ? 1 : 2, at, gates)),
      bias: (parts) => biasFrom(call, at, gates, parts),
      state: (index) => stateAt(call, index, at),
    });
    return { outputs: isBackwards ? backwards(outputs) : outputs, last };
  });
  const [first] = walked as [Walked];
  const [batch, time, units] = first.outputs.shape as [number, number, number];
  const all = walked.map(({ outputs }) => outputs.reshape([batch, time, 1, units]));
  const last = first.last.map((_, i) => {
    const ends = walked.map((one) => (one.last[i] as tf.Tensor).reshape([1, batch, units]));
    return plainValue(count === 1 ? (ends[0] as tf.Tensor) : tf.concat(ends, 0));
  });
  return [{ tensor: count === 1 ? (all[0] as tf.Tensor) : tf.concat(all, 2), order: [2, 0, 1, 3] }, ...last];
}

function requirePlain(call: StepCall): void {
  const why = operatorOf('', call.step.op)?.refuse?.(call.onnx);
  if (why !== undefined) throw unsupported(call, why);
  const [time = 0] = call.shape(0);
  if (call.has(4) && !(call.numbers(4)?.every((length) => length === time) ?? false)) {
    throw unsupported(call, 'its sequences have lengths of their own');
  }
}

/** By indices, which a plan can replay. */
function backwards(x: tf.Tensor): tf.Tensor {
  const time = x.shape[1] as number;
  if (time === 1) return x;
  return tf.gather(x, tf.tensor1d(Int32Array.from({ length: time }, (_, t) => time - 1 - t)), 1);
}

/** [D, gates · U, F] of the model as [F, gates · U] of one direction. */
function matrixFrom(call: StepCall, index: number, at: number, gates: readonly number[]): tf.Tensor {
  const stored = call.stored(index);
  if (stored === undefined) throw unsupported(call, 'its weights depend on the data');
  const [, width = 0, depth = 0] = stored.shape;
  const units = width / gates.length;
  const out = new Float32Array(width * depth);
  gates.forEach((from, gate) => {
    for (let unit = 0; unit < units; unit++) {
      const row = (at * width + from * units + unit) * depth;
      for (let d = 0; d < depth; d++) out[d * width + gate * units + unit] = flushed(stored.data[row + d] as number);
    }
  });
  return tf.tensor2d(out, [depth, width]);
}

/** The sum of parts of the bias: 0 for the input's, 1 for the state's. */
function biasFrom(call: StepCall, at: number, gates: readonly number[], parts: readonly number[]) {
  if (!call.has(3)) return undefined;
  const stored = call.stored(3);
  if (stored === undefined) throw unsupported(call, 'its weights depend on the data');
  return call.kept(`bias ${at} ${parts}`, () => {
    const width = (stored.shape[1] as number) / 2;
    const units = width / gates.length;
    const sum = new Float32Array(width);
    for (const part of parts) {
      gates.forEach((from, gate) => {
        for (let unit = 0; unit < units; unit++) {
          const value = stored.data[(at * 2 + part) * width + from * units + unit] as number;
          sum[gate * units + unit] = (sum[gate * units + unit] as number) + value;
        }
      });
    }
    return tf.tensor1d(sum);
  });
}

function stateAt(call: StepCall, index: number, at: number): tf.Tensor | undefined {
  if (!call.has(index)) return undefined;
  const state = inPlain(call.value(index));
  const [directions, ...shape] = state.shape as [number, number, number];
  return directions === 1 ? state.reshape(shape) : tf.slice(state, [at, 0, 0], [1, ...shape]).reshape(shape);
}

export const RECURRENT: Operators = { LSTM: longShortTerm, GRU: gatedUnit };
