import { LimbeckError } from '../../core/errors.ts';
import { formatShape, type NdArray } from '../../core/shape.ts';
import { type AudioInput, readAudioInput } from './audioOptions.ts';
import { type LogMel, makeLogMel } from './melInput.ts';

/**
 * Sounds as a model reads them: of one length, in its range, as samples or as log-mel spectrograms.
 * Shapes    sounds [B, T] → as `layout` says
 * Units     floats −1…1 in
 * Throws    shape-mismatch: not sounds, or too short for a spectrogram
 */
export function toAudioInput({ data, shape }: NdArray, options: AudioInput): NdArray {
  const [batch = 0, length = 0] = shape;
  if (shape.length !== 2) {
    throw new LimbeckError(
      'shape-mismatch',
      `The teacher's "input" options describe sounds [B, samples]; the data gives ${formatShape(shape)}.`,
    );
  }
  const { samples = length, range, standardised, logMel, layout } = readAudioInput(options);
  const sounds = new Float32Array(batch * samples);
  for (let b = 0; b < batch; b++) {
    const count = Math.min(length, samples);
    const sound = sounds.subarray(b * samples, (b + 1) * samples);
    for (let i = 0; i < count; i++) sound[i] = (data[b * length + i] as number) * range;
    if (standardised === 'yes') standardise(sound.subarray(0, count));
  }
  if (logMel === undefined) {
    return { data: sounds, shape: layout === 'b1t' ? [batch, 1, samples] : [batch, samples] };
  }
  return spectrograms(sounds, batch, makeLogMel(samples, logMel), layout);
}

/** Wav2Vec2's feature extractor adds the same to the variance; silence stays silence. */
const LEAST_VARIANCE = 1e-7;

function standardise(sound: Float32Array): void {
  let sum = 0;
  for (let i = 0; i < sound.length; i++) sum += sound[i] as number;
  const mean = sum / sound.length;
  let squares = 0;
  for (let i = 0; i < sound.length; i++) squares += ((sound[i] as number) - mean) ** 2;
  const factor = 1 / Math.sqrt(squares / sound.length + LEAST_VARIANCE);
  for (let i = 0; i < sound.length; i++) sound[i] = ((sound[i] as number) - mean) * factor;
}

function spectrograms(sounds: Float32Array, batch: number, mel: LogMel, layout: string): NdArray {
  const { bands, frames } = mel;
  const size = bands * frames;
  const samples = sounds.length / batch;
  const out = new Float32Array(batch * size);
  const isBandsFirst = layout === 'bft' || layout === 'b1ft';
  for (let b = 0; b < batch; b++) {
    const one = mel.spectrogram(sounds.subarray(b * samples, (b + 1) * samples));
    if (isBandsFirst) transpose(one, frames, bands, out, b * size);
    else out.set(one, b * size);
  }
  const rest = isBandsFirst ? [bands, frames] : [frames, bands];
  if (layout === 'btf1') return { data: out, shape: [batch, ...rest, 1] };
  return { data: out, shape: layout.startsWith('b1') ? [batch, 1, ...rest] : [batch, ...rest] };
}

function transpose(from: Float32Array, rows: number, columns: number, out: Float32Array, at: number): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[at + c * rows + r] = from[r * columns + c] as number;
  }
}
