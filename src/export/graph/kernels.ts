import { sizeOf } from '../../core/shape.ts';

/** A stored array with its axes in another order. */
export function permuted(
  shape: readonly number[],
  data: Float32Array,
  order: readonly number[],
): { readonly shape: number[]; readonly data: Float32Array } {
  const steps = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const to = order.map((axis) => shape[axis] as number);
  const toSteps = order.map((axis) => steps[axis] as number);
  const out = new Float32Array(data.length);
  const place = to.map(() => 0);
  let from = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = data[from] as number;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += toSteps[axis] as number;
      place[axis] = (place[axis] as number) + 1;
      if ((place[axis] as number) < (to[axis] as number)) break;
      from -= (toSteps[axis] as number) * (to[axis] as number);
      place[axis] = 0;
    }
  }
  return { shape: to, data: out };
}

/** Conv's kernel [M, C, …K] of keras's [...K, C, M]; ConvTranspose's [C, M, …K] of [...K, M, C] is the same move. */
export function channelsBeforeSpace(
  shape: readonly number[],
  data: Float32Array,
): { readonly shape: number[]; readonly data: Float32Array } {
  const rank = shape.length - 2;
  return permuted(shape, data, [rank + 1, rank, ...Array.from({ length: rank }, (_, i) => i)]);
}

/** Conv's kernel [C·D, 1, …K], one group a channel, of keras's depthwise [...K, C, D]. */
export function onePerGroup(
  shape: readonly number[],
  data: Float32Array,
): { readonly shape: number[]; readonly data: Float32Array } {
  const rank = shape.length - 2;
  const moved = permuted(shape, data, [rank, rank + 1, ...Array.from({ length: rank }, (_, i) => i)]);
  const [channels = 1, multiplier = 1, ...kernel] = moved.shape;
  return { shape: [channels * multiplier, 1, ...kernel], data: moved.data };
}
