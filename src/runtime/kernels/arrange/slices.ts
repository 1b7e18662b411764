import { LimbeckError } from '../../../core/errors.ts';
import { backend_util, Concat, PadV2, Slice, SplitV, slice_util, type TensorInfo, Transpose, util } from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import type { Kernel, KernelContext } from '../kernel.ts';
import { canCopy, copyStrided, stridesOf } from './copyStrided.ts';

/**
 * Slices, splits, concatenations, transpositions and paddings: one strided copy each, on all threads.
 * Shapes    as the tfjs operations of these names; up to six dimensions
 * Units     float32 and int32
 * Throws    invalid-option: a begin, size or padding below 0; other dtypes and empty tensors are left to tfjs
 * Source    tfjs Slice, SplitV, Concat, Transpose and PadV2
 */
export const slices: readonly Kernel[] = [
  {
    kernelName: Slice,
    run(context, { x }, attrs) {
      if (x === undefined) return undefined;
      const { begin, size } = attrs as unknown as { begin: number | number[]; size: number | number[] };
      const [begins, sizes] = slice_util.parseSliceParams(x as never, begin, size) as [number[], number[]];
      slice_util.assertParamsValid(x as never, begins, sizes);
      requireCounts(Slice, [...begins, ...sizes]);
      return canCopy(x) && util.sizeFromShape(sizes) > 0 ? sliced(context, x, begins, sizes) : undefined;
    },
  },
  {
    kernelName: SplitV,
    run(context, { x }, attrs) {
      if (x === undefined || !canCopy(x)) return undefined;
      const { numOrSizeSplits, axis } = attrs as unknown as { numOrSizeSplits: number | number[]; axis: number };
      const [$axis] = util.parseAxisParam(axis, x.shape) as [number];
      const sizes = backend_util.prepareSplitSize(x as never, numOrSizeSplits, $axis);
      if (sizes.some((size) => size === 0)) return undefined;
      let at = 0;
      return sizes.map((length) => {
        const begins = x.shape.map((_, i) => (i === $axis ? at : 0));
        at += length;
        return sliced(
          context,
          x,
          begins,
          x.shape.map((whole, i) => (i === $axis ? length : whole)),
        );
      });
    },
  },
  {
    kernelName: Concat,
    run(context, inputs, attrs) {
      const { axis } = attrs as unknown as { axis: number };
      const all = Object.values(inputs) as TensorInfo[];
      const given = all.filter(({ shape }) => util.sizeFromShape(shape) > 0);
      const [first] = given;
      if (first === undefined || !canCopy(...given) || given.some(({ dtype }) => dtype !== first.dtype))
        return undefined;
      const [$axis] = util.parseAxisParam(axis, first.shape) as [number];
      backend_util.assertParamsConsistent(
        all.map(({ shape }) => shape),
        $axis,
      );
      const shape = backend_util.computeOutShape(
        given.map((tensor) => tensor.shape),
        $axis,
      );
      const out = context.backend.makeOutput(shape, first.dtype);
      if (!canCopy(out)) return undefined;
      const toStrides = stridesOf(shape);
      let to = context.address(out);
      for (const tensor of given) {
        const from = context.address(tensor);
        copyStrided(context, { from, to, lengths: tensor.shape, fromStrides: stridesOf(tensor.shape), toStrides });
        to += 4 * (tensor.shape[$axis] as number) * (toStrides[$axis] as number);
      }
      return out;
    },
  },
  {
    kernelName: Transpose,
    run(context, { x }, attrs) {
      const { perm } = attrs as unknown as { perm: number[] };
      if (x === undefined || !canCopy(x)) return undefined;
      if (!isPermutation(perm, x.shape.length)) return undefined;
      const shape = perm.map((i) => x.shape[i] as number);
      const strides = stridesOf(x.shape);
      const out = context.backend.makeOutput(shape, x.dtype);
      copyStrided(context, {
        from: context.address(x),
        to: context.address(out),
        lengths: shape,
        fromStrides: perm.map((i) => strides[i] as number),
        toStrides: stridesOf(shape),
      });
      return out;
    },
  },
  {
    kernelName: PadV2,
    run(context, { x }, attrs) {
      const { paddings, constantValue } = attrs as unknown as { paddings: [number, number][]; constantValue: number };
      if (x === undefined || !canCopy(x) || paddings.length !== x.shape.length) return undefined;
      requireCounts(PadV2, paddings.flat());
      const shape = x.shape.map((length, i) => {
        const [before, after] = paddings[i] as [number, number];
        return before + length + after;
      });
      const out = context.backend.makeOutput(shape, x.dtype);
      if (!canCopy(out)) return undefined;
      const filler = x.dtype === 'int32' ? Math.trunc(constantValue) : floatBits(constantValue);
      const size = util.sizeFromShape(shape);
      context.pool.run('fillValues', [context.address(out), size, filler], size);
      const toStrides = stridesOf(shape);
      const start = paddings.reduce((sum, [before], i) => sum + before * (toStrides[i] as number), 0);
      copyStrided(context, {
        from: context.address(x),
        to: context.address(out) + 4 * start,
        lengths: x.shape,
        fromStrides: stridesOf(x.shape),
        toStrides,
      });
      return out;
    },
  },
];

function sliced(
  context: KernelContext,
  x: TensorInfo,
  begins: readonly number[],
  sizes: readonly number[],
): TensorInfo {
  const out = context.backend.makeOutput([...sizes], x.dtype);
  const fromStrides = stridesOf(x.shape);
  const start = begins.reduce((sum, begin, i) => sum + begin * (fromStrides[i] as number), 0);
  copyStrided(context, {
    from: context.address(x) + 4 * start,
    to: context.address(out),
    lengths: sizes,
    fromStrides,
    toStrides: stridesOf(sizes),
  });
  return out;
}

/** tfjs does not check, and its kernels then read and write out of bounds. */
function requireCounts(kernelName: string, given: readonly number[]): void {
  if (given.every((count) => Number.isInteger(count) && count >= 0)) return;
  throw new LimbeckError(
    'invalid-option',
    `${kernelName} was given ${given.join(', ')}; all must be whole and 0 or more.`,
    {
      details: { given },
    },
  );
}

function isPermutation(perm: readonly number[], rank: number): boolean {
  return perm.length === rank && perm.every((axis, i) => axis >= 0 && axis < rank && perm.indexOf(axis) === i);
}
