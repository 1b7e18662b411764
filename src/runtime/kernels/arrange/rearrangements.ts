import { Pack, Reverse, type TensorInfo, Tile, Unpack, util } from '../../tf.ts';
import type { Kernel } from '../kernel.ts';
import { canCopy, copyStrided, stridesOf } from './copyStrided.ts';

/**
 * Reversing, repeating, stacking and unstacking: strided copies on all threads.
 * Shapes    as the tfjs operations of these names; up to six dimensions, counting those of a repetition twice
 * Units     float32 and int32
 * Throws    nothing: other dtypes, empty tensors and unfitting arguments are left to tfjs
 * Source    tfjs Reverse, Tile, Pack and Unpack
 */
export const rearrangements: readonly Kernel[] = [
  {
    kernelName: Reverse,
    run(context, { x }, attrs) {
      const { dims } = attrs as unknown as { dims: number | number[] };
      if (x === undefined || !canCopy(x)) return undefined;
      const axes = [...new Set(util.parseAxisParam(dims, x.shape))];
      const strides = stridesOf(x.shape);
      const out = context.backend.makeOutput(x.shape, x.dtype);
      // Starts at the last value along a reversed axis and goes backwards.
      const start = axes.reduce((sum, axis) => sum + ((x.shape[axis] as number) - 1) * (strides[axis] as number), 0);
      copyStrided(context, {
        from: context.address(x) + 4 * start,
        to: context.address(out),
        lengths: x.shape,
        fromStrides: strides.map((stride, i) => (axes.includes(i) ? -stride : stride)),
        toStrides: strides,
      });
      return out;
    },
  },
  {
    kernelName: Tile,
    run(context, { x }, attrs) {
      const { reps } = attrs as unknown as { reps: readonly number[] };
      if (x === undefined || !canCopy(x) || reps.length !== x.shape.length) return undefined;
      if (!reps.every((count) => Number.isInteger(count) && count > 0)) return undefined;
      const shape = x.shape.map((length, i) => length * (reps[i] as number));
      if (util.sizeFromShape(shape) >= 2 ** 28) return undefined;
      const [own, wide] = [stridesOf(x.shape), stridesOf(shape)];
      // Every axis becomes two: the repetition, and the position in it. Axes of length 1 are dropped.
      const axes = x.shape
        .flatMap((length, i) => {
          const [fromStride, toStride] = [own[i] as number, wide[i] as number];
          const repetition = { length: reps[i] as number, fromStride: 0, toStride: length * toStride };
          return [repetition, { length, fromStride, toStride }];
        })
        .filter(({ length }) => length > 1);
      if (axes.length > 6) return undefined;
      const out = context.backend.makeOutput(shape, x.dtype);
      copyStrided(context, {
        from: context.address(x),
        to: context.address(out),
        lengths: axes.map(({ length }) => length),
        fromStrides: axes.map(({ fromStride }) => fromStride),
        toStrides: axes.map(({ toStride }) => toStride),
      });
      return out;
    },
  },
  {
    kernelName: Pack,
    run(context, inputs, attrs) {
      const all = Object.values(inputs) as TensorInfo[];
      const [first] = all;
      if (first === undefined || !canCopy(...all)) return undefined;
      if (!all.every(({ shape, dtype }) => util.arraysEqual(shape, first.shape) && dtype === first.dtype))
        return undefined;
      const axis = axisOf(attrs, first.shape.length + 1);
      if (axis === undefined) return undefined;
      const shape = [...first.shape.slice(0, axis), all.length, ...first.shape.slice(axis)];
      if (util.sizeFromShape(shape) >= 2 ** 28) return undefined;
      const out = context.backend.makeOutput(shape, first.dtype);
      const strides = stridesOf(shape);
      all.forEach((tensor, i) => {
        copyStrided(context, {
          from: context.address(tensor),
          to: context.address(out) + 4 * i * (strides[axis] as number),
          lengths: tensor.shape,
          fromStrides: stridesOf(tensor.shape),
          toStrides: without(strides, axis),
        });
      });
      return out;
    },
  },
  {
    kernelName: Unpack,
    run(context, { value }, attrs) {
      if (value === undefined || !canCopy(value)) return undefined;
      const axis = axisOf(attrs, value.shape.length);
      if (axis === undefined) return undefined;
      const strides = stridesOf(value.shape);
      const shape = without(value.shape, axis);
      return Array.from({ length: value.shape[axis] as number }, (_, i) => {
        const out = context.backend.makeOutput(shape, value.dtype);
        copyStrided(context, {
          from: context.address(value) + 4 * i * (strides[axis] as number),
          to: context.address(out),
          lengths: shape,
          fromStrides: without(strides, axis),
          toStrides: stridesOf(shape),
        });
        return out;
      });
    },
  },
];

function axisOf(attrs: Parameters<Kernel['run']>[2], rank: number): number | undefined {
  const { axis = 0 } = attrs as unknown as { axis?: number };
  const counted = axis < 0 ? axis + rank : axis;
  return Number.isInteger(counted) && counted >= 0 && counted < rank ? counted : undefined;
}

function without(numbers: readonly number[], axis: number): number[] {
  return numbers.filter((_, i) => i !== axis);
}
