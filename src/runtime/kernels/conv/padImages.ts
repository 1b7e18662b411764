import type { KernelContext } from '../kernel.ts';

/** Copies images [N, H, W, C] at `x` into [N, outHeight, outWidth, C] at `out`, behind a border of zeros. */
export interface PadPlan {
  readonly x: number;
  readonly out: number;
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly top: number;
  readonly left: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

export function padImages({ pool }: KernelContext, plan: PadPlan): void {
  const { x, out, images, height, width, channels, top, left, outHeight, outWidth } = plan;
  const words = [x, out, images, height, width, channels, top, left, outHeight, outWidth];
  pool.run('padImages', words, images * outHeight * outWidth * channels);
}
