import { LimbeckError } from '../../core/errors.ts';
import { formatShape, type NdArray } from '../../core/shape.ts';
import { type LogMel, type LogMelOptions, makeLogMel } from './melInput.ts';

/** How sounds become what a model of sound reads. Plain values: the work is done on the teacher's own thread. */
export interface AudioInput {
  readonly kind: 'audio';
  /** Samples of every sound: longer ones are cut at their end, zeros follow shorter ones. Default: as many as there are. */
  readonly samples?: number;
  /** What full scale is: 1 (default), or 32,768 for models that take 16-bit integers, as floats mostly. */
  readonly range?: 1 | 32768;
  /** Brings each sound, as long as the dataset gives it, to a mean of 0 and a deviation of 1. Default 'no'. */
  readonly standardised?: 'no' | 'yes';
  /** Log-mel spectrograms instead of samples. */
  readonly logMel?: LogMelOptions;
  /**
   * Which dimensions the model takes: B, T (samples, or frames) and F (mel bands), with a 1 where it has a dimension of
   * one. Samples: 'bt' (default) or 'b1t'. Spectrograms: 'bft' (default), 'btf', 'b1ft', 'b1tf', 'btf1'.
   */
  readonly layout?: 'bt' | 'b1t' | 'bft' | 'btf' | 'b1ft' | 'b1tf' | 'btf1';
}

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
  const { samples = length, range = 1, standardised = 'no', logMel } = options;
  const { layout = logMel === undefined ? 'bt' : 'bft' } = options;
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

function spectrograms(sounds: Float32Array, batch: number, mel: LogMel, layout: AudioInput['layout']): NdArray {
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
  return { data: out, shape: layout?.startsWith('b1') ? [batch, 1, ...rest] : [batch, ...rest] };
}

function transpose(from: Float32Array, rows: number, columns: number, out: Float32Array, at: number): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[at + c * rows + r] = from[r * columns + c] as number;
  }
}
