// Scales and shifts per channel become part of the weights before them.
import { sizeOf } from '../../core/shape.ts';
import type { OnnxAttribute, OnnxNode } from '../model.ts';
import { float, int } from '../shapes/call.ts';
import type { TensorData } from '../tensorData.ts';
import type { Draft } from './draft.ts';
import { nodeOf } from './nodes.ts';
import { madeBy } from './product.ts';

/** y · scale + shift, each for one channel or, with one element, for all. */
interface Affine {
  readonly scale: ArrayLike<number>;
  readonly shift: ArrayLike<number>;
}

/** A convolution or a product with stored weights. */
export interface Linear {
  readonly node: OnnxNode;
  /** The Add of a stored bias after a MatMul, which has no bias of its own. */
  readonly sum?: OnnxNode;
  readonly weights: TensorData;
  readonly bias: TensorData | undefined;
  /** How often the stored bias counts: Gemm's beta. */
  readonly biasFactor: number;
  readonly channels: number;
  /** Of the result. The rank of a MatMul may be unknown; then it is the least that is possible, 1. */
  readonly rank: number;
  /** The axis of the channels in the result, from its end. */
  readonly axisFromEnd: number;
  /** The channel that a weight belongs to, by its place. */
  readonly channelOf: (at: number) => number;
}

/**
 * Folds BatchNormalization, and Mul, Div, Add and Sub with constants per channel, into the Conv, ConvTranspose, Gemm or
 * MatMul before. Weights that other nodes read too are copied, or keep what follows them from being folded. Folded numbers
 * are computed in float64.
 */
export function foldScales(draft: Draft, shared: 'copy' | 'keep' = 'copy'): void {
  for (const node of draft.nodes()) {
    if (node.domain !== '') continue;
    for (const source of node.input) {
      const maker = draft.isReadOnce(source) ? draft.maker(source) : undefined;
      const linear = maker && linearOf(draft, maker);
      if (linear === undefined || (shared === 'keep' && !draft.isReadOnce(linear.node.input[1] as string))) continue;
      const affine = affineOf(draft, node, source, linear);
      if (affine !== undefined && fold(draft, node, linear, affine)) break;
    }
  }
}

/** A node as a product with stored weights; a MatMul together with the Add of its bias. */
export function linearOf(draft: Draft, node: OnnxNode): Linear | undefined {
  if (node.opType === 'Add') return withBias(draft, node);
  const weights = draft.constant(node.input[1]);
  const bias = draft.constant(node.input[2]);
  const hasBias = node.input[2] !== undefined && node.input[2] !== '';
  if (node.domain !== '' || weights?.dtype !== 'float32' || (hasBias && bias?.dtype !== 'float32')) return undefined;
  // A constant that is also the bias, or what is multiplied, must stay as it is.
  if (new Set(node.input).size < node.input.length) return undefined;
  const { shape } = weights;
  const call = draft.call(node);
  switch (node.opType) {
    case 'Conv': {
      const channels = shape[0] as number;
      const size = sizeOf(shape) / channels;
      const channelOf = (at: number) => Math.floor(at / size);
      const axisFromEnd = shape.length - 1;
      return { node, weights, bias, biasFactor: 1, channels, rank: shape.length, axisFromEnd, channelOf };
    }
    case 'ConvTranspose': {
      const group = int(call, 'group', 1);
      const [inputs = 1, perGroup = 1] = shape;
      const size = sizeOf(shape.slice(2));
      const channelOf = (at: number) => {
        const row = Math.floor(at / (size * perGroup));
        return Math.floor(row / (inputs / group)) * perGroup + (Math.floor(at / size) % perGroup);
      };
      const channels = perGroup * group;
      const axisFromEnd = shape.length - 1;
      return { node, weights, bias, biasFactor: 1, channels, rank: shape.length, axisFromEnd, channelOf };
    }
    case 'Gemm': {
      const isTurned = int(call, 'transB', 0) === 1;
      const channels = shape[isTurned ? 0 : 1] as number;
      const width = shape[1] as number;
      const channelOf = (at: number) => (isTurned ? Math.floor(at / width) : at % width);
      const biasFactor = float(call, 'beta') ?? 1;
      if (call.opset < 7 || (bias !== undefined && !isPerChannel(bias, channels, 2, 1))) return undefined;
      return { node, weights, bias, biasFactor, channels, rank: 2, axisFromEnd: 1, channelOf };
    }
    case 'MatMul': {
      if (shape.length !== 2) return undefined;
      const channels = shape[1] as number;
      const rank = draft.inferred(node.output[0]).shape?.length ?? 1;
      return { node, weights, bias, biasFactor: 1, channels, rank, axisFromEnd: 1, channelOf: (at) => at % channels };
    }
    default:
      return undefined;
  }
}

function withBias(draft: Draft, sum: OnnxNode): Linear | undefined {
  if (sum.domain !== '' || draft.opset < 7) return undefined;
  const [a = '', b = ''] = sum.input;
  for (const [source, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const product = draft.isReadOnce(source) ? madeBy(draft, source, 'MatMul') : undefined;
    const linear = product && linearOf(draft, product);
    const bias = draft.constant(other);
    if (linear === undefined || bias?.dtype !== 'float32') continue;
    if (isPerChannel(bias, linear.channels, linear.rank, linear.axisFromEnd)) return { ...linear, sum, bias };
  }
  return undefined;
}

/** Whether a constant has one element, or one for each channel along their axis; and adds no axes. */
function isPerChannel({ shape }: TensorData, channels: number, rank: number, axisFromEnd: number): boolean {
  if (shape.length > rank) return false;
  return shape.every((length, i) => length === 1 || (shape.length - i === axisFromEnd && length === channels));
}

function affineOf(draft: Draft, node: OnnxNode, source: string, linear: Linear): Affine | undefined {
  if (node.opType === 'BatchNormalization')
    return source === node.input[0] ? normalization(draft, node, linear) : undefined;
  const call = draft.call(node);
  const [a, b] = node.input;
  const other = draft.constant(a === source ? b : a);
  const { channels, rank, axisFromEnd } = linear;
  if (other?.dtype !== 'float32' || call.opset < 7 || !isPerChannel(other, channels, rank, axisFromEnd))
    return undefined;
  const data = other.data as Float32Array;
  switch (node.opType) {
    case 'Mul':
      return { scale: data, shift: [0] };
    case 'Div':
      return a === source ? { scale: Float64Array.from(data, (one) => 1 / one), shift: [0] } : undefined;
    case 'Add':
      return { scale: [1], shift: data };
    case 'Sub':
      return a === source ? { scale: [1], shift: data.map((one) => -one) } : { scale: [-1], shift: data };
    default:
      return undefined;
  }
}

/** Source: ONNX, BatchNormalization: (x − mean) / √(variance + epsilon) · scale + shift, at inference. */
function normalization(draft: Draft, node: OnnxNode, linear: Linear): Affine | undefined {
  const call = draft.call(node);
  const isTraining = int(call, 'training_mode', 0) === 1 || int(call, 'spatial', 1) === 0;
  const hasMore = node.output.slice(1).some((name) => name !== '');
  const onChannels = linear.axisFromEnd === linear.rank - 1;
  if (isTraining || hasMore || !onChannels) return undefined;
  const parts = node.input.slice(1).map((name) => draft.constant(name));
  const [gain, offset, mean, variance] = parts.map((one) => one?.data as Float32Array);
  if (parts.some((one) => one?.dtype !== 'float32' || one.data.length !== linear.channels)) return undefined;
  if (gain === undefined || offset === undefined || mean === undefined || variance === undefined) return undefined;
  const epsilon = float(call, 'epsilon') ?? 1e-5;
  const scale = Float64Array.from(gain, (one, c) => one / Math.sqrt((variance[c] as number) + epsilon));
  return { scale, shift: scale.map((one, c) => (offset[c] as number) - (mean[c] as number) * one) };
}

function fold(draft: Draft, node: OnnxNode, linear: Linear, { scale, shift }: Affine): boolean {
  const { node: product, sum, bias, biasFactor, channels } = linear;
  const isShifted = Array.from(shift).some((one) => one !== 0);
  const becomesGemm = product.opType === 'MatMul' && sum === undefined && isShifted;
  if (becomesGemm && linear.rank !== 2) return false;
  const [source = '', weightName = '', biasName] = product.input;
  const weights = scaledWeights(draft, linear, scale);
  const biases: string[] = [];
  if (bias !== undefined || isShifted) {
    const old = bias?.data as Float32Array | undefined;
    const data = Float32Array.from({ length: channels }, (_, c) => {
      return (old === undefined ? 0 : at(old, c) * biasFactor) * at(scale, c) + at(shift, c);
    });
    const own = sum === undefined ? biasName : sum.input.find((name) => name !== product.output[0]);
    biases.push(stored(draft, own, `${weightName}/bias`, { dtype: 'float32', shape: [channels], data }));
  }
  if (sum === undefined) {
    const attributes = product.attribute.filter(({ name }) => name !== 'beta');
    const opType = becomesGemm ? 'Gemm' : product.opType;
    draft.replace(node, linearNode(opType, product, node, [source, weights, ...biases], attributes));
  } else {
    draft.replace(product, linearNode('MatMul', product, product, [source, weights], product.attribute));
    draft.replace(node, linearNode('Add', sum, node, [product.output[0] ?? '', ...biases], []));
  }
  return true;
}

const at = (list: ArrayLike<number>, c: number) => list[list.length === 1 ? 0 : c] as number;

/** The name of the weights times the scale. */
function scaledWeights(draft: Draft, { node, weights, channelOf }: Linear, scale: ArrayLike<number>): string {
  const name = node.input[1] ?? '';
  if (Array.from(scale).every((one) => one === 1)) return name;
  const data = (weights.data as Float32Array).map((one, i) => one * at(scale, channelOf(i)));
  return stored(draft, name, `${name}/scaled`, { ...weights, data });
}

/** Stores data under its old name where only one node reads that, else under a new one. */
function stored(draft: Draft, name: string | undefined, hint: string, data: TensorData): string {
  if (name === undefined || !draft.isReadOnce(name)) return draft.addConstant(hint, data);
  draft.setConstant(name, data);
  return name;
}

function linearNode(
  opType: string,
  maker: OnnxNode,
  last: OnnxNode,
  inputs: readonly string[],
  attributes: OnnxAttribute[],
): OnnxNode {
  const made = nodeOf(opType, last, inputs, attributes);
  made.name = maker.name;
  return made;
}
