import { sizeOf } from '../../core/shape.ts';
import type { OnnxNode } from '../../onnx/model.ts';
import { dataOf, floatTensor } from '../../onnx/tensorData.ts';
import type { OpenGraph } from '../../onnx/write/graph.ts';

/** Where each operator's weights have their output features. */
const FEATURE_AXIS: Readonly<Record<string, number>> = { Conv: 0, ConvTranspose: 1, Gemm: 1 };

/**
 * Puts each batch normalization into the weights of the layer before it, where nothing else reads that layer's output or
 * its weights: of a Conv, ConvTranspose or Gemm, and of the MatMul of a dense layer over sequences, whose normalization
 * is a product and a sum. Weights are computed in float64 and rounded once.
 */
export function foldBatchNorms(open: OpenGraph, outputs: ReadonlySet<string>): void {
  const reads = new Map<string, number>();
  for (const name of open.nodes.flatMap(({ input }) => input)) reads.set(name, (reads.get(name) ?? 0) + 1);
  const makers = new Map(open.nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  /** The node before, if this one alone reads what it makes. */
  const before = (node: OnnxNode | undefined): OnnxNode | undefined => {
    const [x = ''] = node?.input ?? [];
    return reads.get(x) === 1 && !outputs.has(x) ? makers.get(x) : undefined;
  };
  const hasOwnWeights = (node: OnnxNode) =>
    node.input.slice(1).every((name) => reads.get(name) === 1 && open.constants.has(name));

  for (const last of [...open.nodes]) {
    const previous = before(last);
    if (previous === undefined || !hasOwnWeights(previous) || !hasOwnWeights(last)) continue;
    if (last.opType === 'BatchNormalization' && previous.opType in FEATURE_AXIS) foldNorm(open, previous, last);
    // The two nodes that a batch normalization over the last axis of a plain value is.
    if (last.opType !== 'Add' || previous.opType !== 'Mul') continue;
    const third = before(previous);
    const sum = third?.opType === 'Add' && hasOwnWeights(third) ? third : undefined;
    const product = sum === undefined ? third : before(sum);
    if (product?.opType === 'MatMul' && hasOwnWeights(product))
      foldProduct(open, { product, sum, factor: previous, last });
  }
}

function foldNorm(open: OpenGraph, before: OnnxNode, norm: OnnxNode): void {
  const [, gamma, beta, mean, variance] = norm.input.map((name, i) => (i === 0 ? [] : numbersOf(open, name)));
  const epsilon = norm.attribute.find(({ name }) => name === 'epsilon')?.f ?? 1e-5;
  const factor = (gamma ?? []).map((value, i) => value / Math.sqrt((variance?.[i] ?? 0) + epsilon));
  const [input = '', weight = '', biasName] = before.input;
  const bias = biasName === undefined ? undefined : numbersOf(open, biasName);
  const shifted = factor.map((scale, i) => ((bias?.[i] ?? 0) - (mean?.[i] ?? 0)) * scale + (beta?.[i] ?? 0));
  scaleWeight(open, weight, FEATURE_AXIS[before.opType] as number, factor);
  const newBias = biasName ?? norm.input[2] ?? '';
  for (const name of norm.input.slice(1)) if (name !== newBias) open.constants.delete(name);
  open.constants.set(newBias, floatTensor(newBias, [factor.length], shifted));
  before.input = [input, weight, newBias];
  drop(open, [norm], before, norm);
}

interface Product {
  readonly product: OnnxNode;
  readonly sum: OnnxNode | undefined;
  readonly factor: OnnxNode;
  readonly last: OnnxNode;
}

/** (x · W + b) · f + o = x · (W · f) + (b · f + o) */
function foldProduct(open: OpenGraph, { product, sum, factor, last }: Product): void {
  const [, weight = ''] = product.input;
  const [, factorName = ''] = factor.input;
  const [, offsetName = ''] = last.input;
  const shape = open.constants.get(factorName)?.dims ?? [];
  const scales = numbersOf(open, factorName);
  // A factor for each feature stands alone; one of another axis has ones behind it.
  if (shape.length !== 1 || scales.length !== Number(open.constants.get(weight)?.dims.at(-1))) return;
  const bias = sum === undefined ? undefined : numbersOf(open, sum.input[1] ?? '');
  const offset = numbersOf(open, offsetName).map((value, i) => value + (bias?.[i] ?? 0) * (scales[i] as number));
  scaleWeight(open, weight, 1, scales);
  open.constants.set(offsetName, floatTensor(offsetName, [offset.length], offset));
  open.constants.delete(factorName);
  if (sum !== undefined) open.constants.delete(sum.input[1] ?? '');
  last.input = [product.output[0] ?? '', offsetName];
  drop(open, sum === undefined ? [factor] : [sum, factor]);
}

/** Multiplies what each feature is computed with. */
function scaleWeight(open: OpenGraph, name: string, axis: number, factor: readonly number[]): void {
  const shape = (open.constants.get(name)?.dims ?? []).map(Number);
  const step = sizeOf(shape.slice(axis + 1));
  const scaled = numbersOf(open, name).map(
    (value, i) => value * (factor[Math.floor(i / step) % factor.length] as number),
  );
  open.constants.set(name, floatTensor(name, shape, scaled));
}

/** Takes nodes out; `heir` makes what `last` made. */
function drop({ nodes, values }: OpenGraph, gone: readonly OnnxNode[], heir?: OnnxNode, last?: OnnxNode): void {
  if (heir !== undefined && last !== undefined) {
    values.delete(heir.output[0] ?? '');
    heir.output = [...last.output];
  } else {
    for (const { output } of gone) values.delete(output[0] ?? '');
  }
  for (const node of gone) nodes.splice(nodes.indexOf(node), 1);
}

function numbersOf({ constants }: OpenGraph, name: string): number[] {
  const tensor = constants.get(name);
  return tensor === undefined ? [] : Array.from(dataOf(tensor).data, Number);
}
