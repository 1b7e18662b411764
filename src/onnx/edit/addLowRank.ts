import { LimbeckError } from '../../core/errors.ts';
import { fromHalves, toHalves } from '../../core/halves.ts';
import { finite, given, type OptionsOf, oneOf, type Read, required, schema, text } from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import { checkModel } from '../check/check.ts';
import { findWeight, type LayerWeight, listWeights } from '../describe/listWeights.ts';
import { type OnnxTensor, readModel, writeModel } from '../model.ts';
import { dataOf, type ElementArray, storedData, type TensorData } from '../tensorData.ts';
import { replaceStored } from './storedTensors.ts';

const DELTA = schema('addLowRank', {
  /** Name of a stored weight, or of the node that multiplies by it. */
  weight: required(text()),
  /** [R, rank] in row-major order. */
  left: required(given<ArrayLike<number>>()),
  /** [rank, C] in row-major order. */
  right: required(given<ArrayLike<number>>()),
  /** Columns of `left` and rows of `right`. */
  rank: required(given<number>()),
  /**
   * What R and C are. 'stored': rows and columns of the matrix as it is stored, of Conv [M, the rest].
   * 'inputs-outputs': the layer's inputs and outputs, however it stores them. Default 'stored'.
   */
  orientation: oneOf('stored', 'inputs-outputs')('stored'),
  /** Factor of the product. Default 1. */
  scale: finite(1),
});

/** What is added to one weight: left · right. */
export interface LowRankDelta extends OptionsOf<typeof DELTA> {}

/**
 * A model with products of low rank added to stored weights of MatMul, Gemm and Conv; `listWeights` says which there are.
 * Sums are made in double precision and stored in the weight's own type. A weight that several nodes read changes for all
 * of them, and Gemm's alpha weighs what is added as it weighs the weight.
 * Shapes    weight [R, C], left [R, rank], right [rank, C] → the same weight
 * Throws    invalid-onnx · unknown-tensor: no such weight · shape-mismatch · unsupported-operator: a weight that is no
 *           float, such as a quantized one · not-finite · invalid-option
 * Source    Hu et al. 2021, "LoRA", arXiv:2106.09685, §4.1
 */
export function addLowRank(
  bytes: Uint8Array,
  deltas: readonly LowRankDelta[],
  name = 'model',
): Uint8Array<ArrayBuffer> {
  const model = readModel(bytes, name);
  checkModel(model, { name });
  const weights = listWeights(model);
  for (const delta of deltas.map(DELTA.read)) {
    const found = findWeight(weights, delta.weight, name);
    replaceStored(model, found.weight, (tensor) => withDelta(tensor, found, delta));
  }
  return writeModel(model);
}

function withDelta(tensor: OnnxTensor, found: LayerWeight, delta: Read<typeof DELTA>): OnnxTensor {
  const { rank, left, right, scale, orientation } = delta;
  const { rows, columns } = found;
  const isTurned = orientation === 'inputs-outputs' && found.outputsFirst;
  const [deltaRows, deltaColumns] = isTurned ? [columns, rows] : [rows, columns];
  if (!Number.isInteger(rank) || rank < 1 || left.length !== deltaRows * rank || right.length !== rank * deltaColumns) {
    throw new LimbeckError(
      'shape-mismatch',
      `"${found.weight}" ${formatShape(found.shape)} takes left ${formatShape([deltaRows, rank])} and right ` +
        `${formatShape([rank, deltaColumns])} (${orientation}); given ${left.length} and ${right.length} numbers.`,
      { details: { weight: found.weight, shape: found.shape, rank, left: left.length, right: right.length } },
    );
  }
  const stored = dataOf(tensor);
  const sums = Float64Array.from(numbersOf(stored, found));
  for (let r = 0; r < deltaRows; r++) {
    for (let c = 0; c < deltaColumns; c++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += (left[r * rank + k] as number) * (right[k * deltaColumns + c] as number);
      const at = isTurned ? c * columns + r : r * columns + c;
      sums[at] = (sums[at] as number) + scale * sum;
    }
  }
  if (!sums.every(Number.isFinite)) {
    throw new LimbeckError('not-finite', `"${found.weight}" would hold NaN or infinite numbers. Train it again.`);
  }
  return storedData(tensor.name, stored.dtype, stored.shape, inTypeOf(stored, sums));
}

function numbersOf({ dtype, data }: TensorData, { weight, node }: LayerWeight): ArrayLike<number> {
  if (dtype === 'float32' || dtype === 'float64') return data as Float32Array | Float64Array;
  if (dtype === 'float16') return fromHalves(data as Uint16Array);
  throw new LimbeckError(
    'unsupported-operator',
    `"${weight}" of the node "${node}" is ${dtype}; only float32, float64 and float16 can be added to.`,
    { details: { weight, dtype } },
  );
}

function inTypeOf({ dtype }: TensorData, sums: Float64Array<ArrayBuffer>): ElementArray {
  if (dtype === 'float16') return toHalves(sums);
  return dtype === 'float64' ? sums : Float32Array.from(sums);
}
