import { transposed } from '../../core/transposed.ts';
import { int, text, texts } from '../../onnx/shapes/call.ts';
import type { SymbolicTensor } from '../../runtime/tf.ts';
import type { Builder, Constant, Step, Value } from './operator.ts';

type Kind = 'lstm' | 'gru' | 'rnn';

interface Parts {
  readonly x: SymbolicTensor;
  readonly w: Constant;
  readonly r: Constant;
  readonly b: Constant;
}

/** The order of tfjs's gates among ONNX's: i o f c → i f c o; z r h unchanged. */
const GATES = { lstm: [0, 2, 3, 1], gru: [0, 1, 2], rnn: [0] } as const;

/**
 * A recurrent operator as tfjs's own layer, for one direction or both; undefined if tfjs computes something else: a GRU that
 * resets after its product, like PyTorch's, or a backward sequence.
 */
export function tfjsRecurrent(
  step: Step,
  builder: Builder,
  kind: Kind,
  parts: Parts,
): readonly (Value | undefined)[] | undefined {
  const direction = text(step, 'direction', 'forward');
  const isRelu = texts(step, 'activations')[0] === 'Relu';
  const [isSequence, isState = false, isCell = false] = step.node.output.map((name) => name !== '');
  const isBoth = direction === 'bidirectional';
  if (kind === 'gru' && int(step, 'linear_before_reset', 0) === 1) return undefined;
  if (direction === 'reverse' || isCell || (isBoth && isState)) return undefined;
  if (isSequence === true && isState) return undefined;
  const { tf, apply, name } = builder;
  const { x, w, r, b } = parts;
  const units = r.shape[2] as number;
  const layerName = name(step, w);
  const config = {
    units,
    returnSequences: isSequence === true,
    kernelInitializer: 'zeros',
    recurrentInitializer: 'zeros',
    activation: isRelu ? 'relu' : 'tanh',
    ...(kind !== 'rnn' && { recurrentActivation: 'sigmoid' }),
    ...(kind === 'lstm' && { unitForgetBias: false }),
  };
  const make = (options: object) => {
    const maker = { lstm: tf.layers.lstm, gru: tf.layers.gru, rnn: tf.layers.simpleRNN }[kind] as typeof tf.layers.lstm;
    return maker({ ...config, ...options } as never);
  };
  const weights = Array.from({ length: isBoth ? 2 : 1 }, (_, d) => weightsOf(kind, { w, r, b }, d)).flat();
  if (!isBoth) {
    const tensor = apply(make({ name: layerName }), x, weights);
    if (isSequence !== true) return [undefined, { tensor, axes: [1, 2], rank: 3 }];
    return [{ tensor, axes: [2, 0, 3], rank: 4 }];
  }
  const layer = tf.layers.bidirectional({
    layer: make({ name: `${layerName}_one` }) as never,
    mergeMode: 'concat',
    name: layerName,
  });
  const joined = apply(layer, x, weights);
  const length = x.shape[1] ?? -1;
  const tensor = apply(tf.layers.reshape({ targetShape: [length, 2, units], name: name(step) }), joined);
  // [B, T, 2, H] of the model’s [T, 2, B, H].
  return [{ tensor, axes: [2, 0, 1, 3], rank: 4 }];
}

function weightsOf(kind: Kind, { w, r, b }: Omit<Parts, 'x'>, direction: number): Float32Array[] {
  const [, rows, features] = w.shape as [number, number, number];
  const hidden = r.shape[2] as number;
  const gates = GATES[kind];
  const pick = (data: Float32Array, offset: number, width: number) => {
    const result = new Float32Array(rows * width);
    gates.forEach((gate, i) => {
      const from = offset + gate * hidden * width;
      result.set(data.subarray(from, from + hidden * width), i * hidden * width);
    });
    return result;
  };
  const kernel = pick(w.data, direction * rows * features, features);
  const recurrentKernel = pick(r.data, direction * rows * hidden, hidden);
  const [inputBias, ownBias] = [0, 1].map((half) => pick(b.data, (2 * direction + half) * rows, 1)) as [
    Float32Array,
    Float32Array,
  ];
  return [
    transposed({ shape: [rows, features], data: kernel }, [1, 0]).data,
    transposed({ shape: [rows, hidden], data: recurrentKernel }, [1, 0]).data,
    inputBias.map((one, i) => one + (ownBias[i] as number)),
  ];
}
