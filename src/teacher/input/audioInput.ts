import { LimbeckError } from '../../core/errors.ts';
import { formatShape, type NdArray } from '../../core/shape.ts';
import { makeLogMel } from '../../core/sound/logMel.ts';
import { type MelLayout, toSpectrograms } from '../../core/sound/toSpectrograms.ts';
import { type AudioInput, readAudioInput } from './audioOptions.ts';

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
  return toSpectrograms({ data: sounds, shape: [batch, samples] }, makeLogMel(samples, logMel), layout as MelLayout);
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
