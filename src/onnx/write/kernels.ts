import { transposed } from '../../core/transposed.ts';

interface Kernel {
  readonly shape: number[];
  readonly data: Float32Array;
}

/** Conv's kernel [M, C, …K] of keras's [...K, C, M]; ConvTranspose's [C, M, …K] of [...K, M, C] is the same move. */
export function channelsBeforeSpace(shape: readonly number[], data: Float32Array): Kernel {
  const rank = shape.length - 2;
  return transposed({ shape, data }, [rank + 1, rank, ...Array.from({ length: rank }, (_, i) => i)]);
}

/** Conv's kernel [C·D, 1, …K], one group a channel, of keras's depthwise [...K, C, D]. */
export function onePerGroup(shape: readonly number[], data: Float32Array): Kernel {
  const rank = shape.length - 2;
  const moved = transposed({ shape, data }, [rank, rank + 1, ...Array.from({ length: rank }, (_, i) => i)]);
  const [channels = 1, multiplier = 1, ...kernel] = moved.shape;
  return { shape: [channels * multiplier, 1, ...kernel], data: moved.data };
}
