import { sizeOf } from '../../../core/shape.ts';
import { engine, Mean, Sum, type Tensor, type TensorInfo, util } from '../../tf.ts';
import { isSupported, type Kernel, type KernelContext, type KernelGradient } from '../kernel.ts';
import { columnPlan } from './columns.ts';

/** A tensor whose summed axes are adjacent: [outer, reduce, inner]. */
export interface Reduction {
  readonly outer: number;
  readonly reduce: number;
  readonly inner: number;
}

/**
 * Sums and means over adjacent axes: biases' gradients, global average pooling, losses.
 * Shapes    x [..., axes, ...] → [..., ...], each axis kept as 1 with keepDims
 * Units     float32; blocks are summed in float32, their sums in float64
 * Throws    nothing: axes with another between them, and other dtypes, fall back to tfjs
 * Source    tfjs Sum, Mean
 */
export const reduction: readonly Kernel[] = [Sum, Mean].map((kernelName) => ({
  kernelName,
  gradient: repetition(kernelName === Mean),
  run(context, inputs, attrs) {
    const { x } = inputs as { x: TensorInfo };
    if (!isSupported(x)) return undefined;
    const axes = axesOf(x.shape, attrs?.['axis']);
    const plan = reductionOf(x.shape, axes);
    if (plan === undefined) return undefined;
    const isKept = (_: number, i: number) => !axes.includes(i);
    const shape = attrs?.['keepDims']
      ? x.shape.map((length, i) => (axes.includes(i) ? 1 : length))
      : x.shape.filter(isKept);
    const out = context.backend.makeOutput(shape, 'float32');
    const divisor = kernelName === Mean ? plan.reduce : 1;
    if (plan.inner === 1) sumRows(context, x, out, plan, divisor);
    else sumColumns(context, x, out, plan, divisor);
    return out;
  },
}));

/**
 * Few results leave threads without work, so long sums are split into chunks; their number depends only on the sizes.
 */
const MOST_CHUNKS = 64;
const CHUNK_VALUES = 16_384;
const ENOUGH_UNITS = 32;

function sumRows(
  { pool, address }: KernelContext,
  x: TensorInfo,
  out: TensorInfo,
  { outer, reduce }: Reduction,
  divisor: number,
): void {
  const wanted = Math.min(MOST_CHUNKS, Math.floor(reduce / CHUNK_VALUES));
  const chunks = outer >= ENOUGH_UNITS ? 1 : Math.max(1, wanted);
  const partials = chunks === 1 ? 0 : pool.scratch(outer * chunks * 8);
  const words = [address(x), address(out), outer, reduce, 1, 0, 1, 0, chunks, partials, divisor];
  pool.run('sumRows', words, outer * reduce);
  if (partials !== 0) pool.run('sumFinish', words, outer * chunks);
}

function sumColumns(
  { pool, address }: KernelContext,
  x: TensorInfo,
  out: TensorInfo,
  { outer, reduce, inner }: Reduction,
  divisor: number,
): void {
  const plan = columnPlan(reduce, inner);
  const chunks = outer >= ENOUGH_UNITS ? 1 : plan.chunks;
  const isDirect = chunks === 1 && plan.period === inner && plan.rest === 0;
  const partials = isDirect ? 0 : pool.scratch(outer * chunks * plan.period * 8);
  const sizes = [outer, reduce, inner, plan.rows, plan.period, plan.rest, chunks];
  const words = [address(x), address(out), ...sizes, partials, divisor];
  pool.run('sumColumns', words, outer * reduce * inner);
  if (!isDirect) pool.run('sumFinish', words, outer * chunks * plan.period);
}

/** The gradient: the sum's gradient for every summed value, divided by their number for a mean. */
function repetition(isMean: boolean): KernelGradient {
  return {
    inputsToSave: ['x'],
    gradFunc(dy, [x], attrs) {
      const { shape } = x as Tensor;
      const axes = axesOf(shape, attrs['axis']);
      const plan = reductionOf(shape, axes);
      if (plan === undefined || sizeOf(shape) === 0 || !isSupported(dy as Tensor)) return undefined;
      const scale = isMean ? 1 / plan.reduce : 1;
      return { x: () => engine().runKernel('Broadcast', { x: dy as Tensor }, { shape, axes, scale }) as Tensor };
    },
  };
}

export function axesOf(shape: readonly number[], axis: unknown): number[] {
  return [...new Set(util.parseAxisParam(axis as number | number[], [...shape]))];
}

/** The axes as one range, or `undefined` if a kept axis longer than one is between them. */
export function reductionOf(shape: readonly number[], axes: readonly number[]): Reduction | undefined {
  const lengths = [1, 1, 1];
  // Outer, reduced, inner: each axis belongs to the same range as the one before it, or to a later one.
  let range = 0;
  for (const [axis, length] of shape.entries()) {
    if (length === 1) continue;
    const isReduced = axes.includes(axis);
    if (range === 0 && isReduced) range = 1;
    else if (range === 1 && !isReduced) range = 2;
    else if (range === 2 && isReduced) return undefined;
    lengths[range] = (lengths[range] as number) * length;
  }
  const [outer, reduce, inner] = lengths as [number, number, number];
  return { outer, reduce, inner };
}
