import {
  BatchMatMul,
  backend_util,
  broadcastTo,
  Einsum,
  Multiply,
  reshape,
  Sum,
  type Tensor,
  type TensorInfo,
  einsum as tfjsEinsum,
} from '../../tf.ts';
import { call, free, reshaped, transposed } from '../fallbacks/composed.ts';
import type { Kernel, KernelContext, KernelGradient } from '../kernel.ts';

/** A tensor whose axes have names: positions in the equation's list of all dimensions. */
interface Named {
  readonly tensor: TensorInfo;
  readonly dims: readonly number[];
}

/**
 * Einstein summation of one or two tensors, as one batched matrix product between transpositions.
 * Shapes    "bij,bjk->bik": b in both and in the result, j in both and summed, i and k in one
 * Units     float32
 * Throws    what tfjs throws: an equation without exactly one arrow, an axis twice in one tensor, different lengths
 * Source    tfjs Einsum
 * Differs   from tfjs, which multiplies the broadcast tensors and then sums: M · N · K values instead of M · N
 */
export const einsum: Kernel = {
  kernelName: Einsum,
  /** tfjs has no gradient of Einsum. It is another Einstein sum, of the result's gradient and the other factor. */
  gradient: {
    saveAllInputs: true,
    gradFunc(dy, saved, attrs) {
      const { equation } = attrs as unknown as { equation: string };
      const [terms = '', out = ''] = equation.replace(/\s/g, '').split('->');
      const factors = terms.split(',').map((term, i) => ({ tensor: saved[i] as Tensor, term }));
      const gradients = factors.map((factor, i) => () => {
        const other = factors[1 - i];
        return gradientOf(dy as Tensor, out, other === undefined ? factor : { ...factor, other });
      });
      // Inputs are a list, so their gradients are one too.
      return gradients as unknown as ReturnType<KernelGradient['gradFunc']>;
    },
  },
  run(context, inputs, attrs) {
    const tensors = Object.values(inputs) as TensorInfo[];
    const { equation } = attrs as unknown as { equation: string };
    const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(equation, tensors.length);
    backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors as Tensor[]);
    // The matrix product does not take empty tensors and other dtypes.
    if (tensors.some(({ dtype, shape }) => dtype !== 'float32' || shape.includes(0))) return undefined;
    const outDims = allDims.map((_, dim) => dim).filter((dim) => !summedDims.includes(dim));
    const isKept = (dim: number, other: number) => outDims.includes(dim) || (idDims[other]?.includes(dim) ?? false);
    const [a, b] = tensors.map((tensor, i) =>
      summed(context, { tensor, dims: idDims[i] as number[] }, (dim) => isKept(dim, 1 - i)),
    );
    return ordered(context, b === undefined ? (a as Named) : product(context, a as Named, b, outDims), outDims);
  },
};

/** Sums the axes that are not kept. The caller owns the result, and still `named.tensor`. */
function summed(context: KernelContext, { tensor, dims }: Named, isKept: (dim: number) => boolean): Named {
  const axis = dims.flatMap((dim, i) => (isKept(dim) ? [] : [i]));
  if (axis.length === 0) return { tensor: reshaped(context, tensor, tensor.shape), dims };
  return { tensor: call(context, Sum, { x: tensor }, { axis, keepDims: false }), dims: dims.filter(isKept) };
}

/** Frees both factors. */
function product(context: KernelContext, a: Named, b: Named, outDims: readonly number[]): Named {
  const inBoth = a.dims.filter((dim) => b.dims.includes(dim));
  const batch = inBoth.filter((dim) => outDims.includes(dim));
  const inner = inBoth.filter((dim) => !outDims.includes(dim));
  const rows = a.dims.filter((dim) => !inBoth.includes(dim));
  const cols = b.dims.filter((dim) => !inBoth.includes(dim));
  const left = asMatrices(context, a, batch, rows, inner);
  const right = asMatrices(context, b, batch, inner, cols);
  const pair = { a: left.tensor, b: right.tensor };
  const transposition = { transposeA: left.isTransposed, transposeB: right.isTransposed };
  // [B, M, 1] · [B, 1, N] without a sum is an elementwise product, and there may be very many small matrices.
  const matrices = call(context, inner.length > 0 ? BatchMatMul : Multiply, pair, transposition);
  const lengths = new Map([a, b].flatMap(({ tensor, dims }) => dims.map((dim, i) => [dim, tensor.shape[i] as number])));
  const dims = [...batch, ...rows, ...cols];
  const tensor = reshaped(
    context,
    matrices,
    dims.map((dim) => lengths.get(dim) as number),
  );
  free(context, a.tensor, b.tensor, left.tensor, right.tensor, matrices);
  return { tensor, dims };
}

/** [batch, rows, columns]; a matrix with swapped axes is not copied but read transposed. */
function asMatrices(
  context: KernelContext,
  { tensor, dims }: Named,
  batch: readonly number[],
  rows: readonly number[],
  cols: readonly number[],
) {
  const isTransposed = isSame(dims, [...batch, ...cols, ...rows]) && rows.length > 0 && cols.length > 0;
  const wanted = isTransposed ? dims : [...batch, ...rows, ...cols];
  const moved = ordered(context, { tensor: reshaped(context, tensor, tensor.shape), dims }, wanted);
  const length = (of: readonly number[]) =>
    of.reduce((size, dim) => size * (tensor.shape[dims.indexOf(dim)] as number), 1);
  const [first, second] = isTransposed ? [cols, rows] : [rows, cols];
  const matrices = reshaped(context, moved, [length(batch), length(first), length(second)]);
  free(context, moved);
  return { tensor: matrices, isTransposed };
}

/** The tensor with its axes in this order; frees its argument. */
function ordered(context: KernelContext, { tensor, dims }: Named, wanted: readonly number[]): TensorInfo {
  if (isSame(dims, wanted)) return tensor;
  const result = transposed(
    context,
    tensor,
    wanted.map((dim) => dims.indexOf(dim)),
  );
  free(context, tensor);
  return result;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** A factor with its term, and the other factor and term it was multiplied by. */
interface Factor {
  readonly tensor: Tensor;
  readonly term: string;
  readonly other?: { readonly tensor: Tensor; readonly term: string };
}

function gradientOf(dy: Tensor, out: string, { tensor, term, other }: Factor): Tensor {
  const isReached = (axis: string) => out.includes(axis) || (other?.term.includes(axis) ?? false);
  const reached = [...term].filter(isReached).join('');
  const gradient =
    other === undefined
      ? tfjsEinsum(`${out}->${reached}`, dy)
      : tfjsEinsum(`${out},${other.term}->${reached}`, dy, other.tensor);
  // Along an axis that only this factor has, every value counts the same.
  const apart = [...term].map((axis, i) => (isReached(axis) ? (tensor.shape[i] as number) : 1));
  return broadcastTo(reshape(gradient, apart), tensor.shape);
}
