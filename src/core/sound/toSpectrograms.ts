import type { NdArray } from '../shape.ts';
import type { LogMel } from './logMel.ts';

/** Dimensions of spectrograms: B, T (frames) and F (mel bands), with a 1 where a model has a dimension of one. */
export type MelLayout = 'bft' | 'btf' | 'b1ft' | 'b1tf' | 'btf1';
export const MEL_LAYOUTS = ['bft', 'btf', 'b1ft', 'b1tf', 'btf1'] as const;

/**
 * The spectrogram of each sound.
 * Shapes    sounds [B, samples] → as `layout` says
 */
export function toSpectrograms({ data, shape }: NdArray, mel: LogMel, layout: MelLayout): NdArray {
  const [batch = 0, samples = 0] = shape;
  const { bands, frames } = mel;
  const size = bands * frames;
  const out = new Float32Array(batch * size);
  const isBandsFirst = layout === 'bft' || layout === 'b1ft';
  for (let b = 0; b < batch; b++) {
    const one = mel.spectrogram((data as Float32Array).subarray(b * samples, (b + 1) * samples));
    if (isBandsFirst) transpose(one, frames, bands, out, b * size);
    else out.set(one, b * size);
  }
  return { data: out, shape: [batch, ...melShape(mel, layout)] };
}

/** The shape of one spectrogram. */
export function melShape({ bands, frames }: LogMel, layout: MelLayout): number[] {
  const rest = layout === 'bft' || layout === 'b1ft' ? [bands, frames] : [frames, bands];
  if (layout === 'btf1') return [...rest, 1];
  return layout.startsWith('b1') ? [1, ...rest] : rest;
}

function transpose(from: Float32Array, rows: number, columns: number, out: Float32Array, at: number): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[at + c * rows + r] = from[r * columns + c] as number;
  }
}
