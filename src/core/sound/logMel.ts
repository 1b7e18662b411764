import { LimbeckError } from '../errors.ts';
import { type Fft, makeFft } from './fft.ts';
import { type LogMelOptions, readLogMel } from './logMelOptions.ts';
import { type MelFilters, melFilters } from './melFilters.ts';

/** Computes spectrograms of sounds of one length. */
export interface LogMel {
  readonly bands: number;
  readonly frames: number;
  /** The spectrogram of the samples, [frames, bands]. The next call overwrites it. */
  spectrogram(samples: Float32Array): Float32Array;
}

/**
 * Makes ready for log-mel spectrograms of `length` samples: Hann windows (periodic), power spectrum, mel filters, logarithm.
 * Throws    shape-mismatch: sounds shorter than a frame
 * Source    torch.stft for frames and edges; Radford et al. 2022, arXiv:2212.04356, §2.2 for the defaults
 */
export function makeLogMel(length: number, options: LogMelOptions): LogMel {
  const read = readLogMel(options);
  const { fftSize, windowSamples, hopSamples, edges, lastFrame, bands, power } = read;
  const isMirrored = edges === 'reflect';
  const frames = countFrames(length, read) - (lastFrame === 'dropped' ? 1 : 0);
  if (frames < 1) throw tooShort(length, `a frame takes ${windowSamples} samples`);
  if (isMirrored && length <= fftSize / 2) throw tooShort(length, `its ends are mirrored over ${fftSize / 2}`);
  const lead = edges === 'none' ? 0 : Math.floor(fftSize / 2) - Math.floor((fftSize - windowSamples) / 2);
  const taper = Float64Array.from(
    { length: windowSamples },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / windowSamples),
  );
  const filters = melFilters(read);
  const fft = makeFft(fftSize);
  const spectrum = new Float64Array(Math.floor(fftSize / 2) + 1);
  const out = new Float32Array(frames * bands);

  function spectrogram(samples: Float32Array): Float32Array {
    // Two real frames share one complex transform.
    for (let frame = 0; frame < frames; frame += 2) {
      loadFrame(samples, frame * hopSamples - lead, isMirrored, taper, fft.real);
      if (frame + 1 < frames) loadFrame(samples, (frame + 1) * hopSamples - lead, isMirrored, taper, fft.imaginary);
      else fft.imaginary.fill(0);
      fft.transform();
      for (let second = 0; second < Math.min(2, frames - frame); second++) {
        readSpectrum(fft, second === 1, power, spectrum);
        addUp(spectrum, filters, out, (frame + second) * bands);
      }
    }
    takeLogarithm(out, read);
    return out;
  }

  return { bands, frames, spectrogram };
}

type ReadLogMel = ReturnType<typeof readLogMel>;

function countFrames(length: number, { fftSize, windowSamples, hopSamples, edges }: ReadLogMel): number {
  if (edges === 'none') return Math.floor((length - windowSamples) / hopSamples) + 1;
  // Half a transform is laid on at both ends; an odd one is a sample short.
  return Math.floor((length - (fftSize % 2)) / hopSamples) + 1;
}

function tooShort(length: number, why: string): LimbeckError {
  return new LimbeckError(
    'shape-mismatch',
    `${length} samples are too few for a spectrogram: ${why}. Give longer sounds, or set "samples" to pad them.`,
    { details: { length } },
  );
}

/** The windowed samples from `first` on; beyond the ends lies silence, or the mirrored sound. */
function loadFrame(
  samples: Float32Array,
  first: number,
  isMirrored: boolean,
  taper: Float64Array,
  out: Float64Array,
): void {
  const last = samples.length - 1;
  out.fill(0);
  for (let i = 0; i < taper.length; i++) {
    let at = first + i;
    if (at < 0 || at > last) {
      if (!isMirrored) continue;
      at = at < 0 ? -at : 2 * last - at;
    }
    out[i] = (samples[at] as number) * (taper[i] as number);
  }
}

/** Magnitudes, or their squares, of the first or the second of two frames that were transformed together. */
function readSpectrum({ real, imaginary }: Fft, isSecond: boolean, power: 1 | 2, out: Float64Array): void {
  const size = real.length;
  for (let k = 0; k < out.length; k++) {
    const mirror = k === 0 ? 0 : size - k;
    const evenReal = (real[k] as number) + (real[mirror] as number);
    const oddReal = (real[mirror] as number) - (real[k] as number);
    const evenImaginary = (imaginary[k] as number) + (imaginary[mirror] as number);
    const oddImaginary = (imaginary[k] as number) - (imaginary[mirror] as number);
    const squared = isSecond ? evenImaginary ** 2 + oddReal ** 2 : evenReal ** 2 + oddImaginary ** 2;
    out[k] = power === 2 ? squared / 4 : Math.sqrt(squared) / 2;
  }
}

function addUp(spectrum: Float64Array, { starts, weights }: MelFilters, out: Float32Array, at: number): void {
  for (let band = 0; band < weights.length; band++) {
    const own = weights[band] as Float64Array;
    const start = starts[band] as number;
    let sum = 0;
    for (let i = 0; i < own.length; i++) sum += (own[i] as number) * (spectrum[start + i] as number);
    out[at + band] = sum;
  }
}

const LOG_UNITS = { ln: 1, log10: 1 / Math.LN10, decibel: 10 / Math.LN10, none: 0 } as const;

function takeLogarithm(values: Float32Array, options: ReadLogMel): void {
  const { log, offset, floor, dynamicRange, mean, stdDev } = options;
  const unit = LOG_UNITS[log];
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = Math.max((values[i] as number) + offset, floor);
    values[i] = log === 'none' ? value : Math.log(value) * unit;
    most = Math.max(most, values[i] as number);
  }
  const least = dynamicRange === undefined ? Number.NEGATIVE_INFINITY : most - dynamicRange;
  for (let i = 0; i < values.length; i++) values[i] = (Math.max(values[i] as number, least) - mean) / stdDev;
}
