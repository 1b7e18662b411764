/** Converts sound from one sample rate to another. */
export interface Resampler {
  /** The most samples of the source that the first `count` of the result depend on. */
  sourceLength(count: number): number;
  /** Samples of the result for this many of the source. */
  resultLength(count: number): number;
  /**
   * Writes samples `first` to `last` (not included) of the result to `out`, from its place `at` on, which is `first` if it is not
   * given; beyond the source's ends lies silence.
   */
  resample(source: Float32Array, first: number, last: number, out: Float32Array, at?: number): void;
}

/** Zero crossings of the sinc at each side, and the cut-off as a fraction of the lower half rate. */
const CROSSINGS = 6;
const ROLLOFF = 0.99;

/**
 * Resampling by a sinc under a Hann window, which also removes frequencies above half the new rate.
 * Units     samples per second, whole numbers
 * Source    torchaudio.functional.resample with its defaults; Smith, Digital Audio Resampling, ccrma.stanford.edu/~jos/resample
 */
export function makeResampler(from: number, to: number): Resampler {
  if (from === to) return unchanged;
  const divisor = greatestCommonDivisor(from, to);
  // Within one period `step` samples become `phases`.
  const step = from / divisor;
  const phases = to / divisor;
  const cutoff = (Math.min(step, phases) * ROLLOFF) / step;
  const reach = CROSSINGS / cutoff;
  const width = Math.floor(2 * reach) + 1;
  const starts = new Int32Array(phases);
  const weights = new Float64Array(phases * width);
  for (let phase = 0; phase < phases; phase++) {
    const centre = (phase * step) / phases;
    const start = Math.ceil(centre - reach);
    starts[phase] = start;
    for (let k = 0; k < width; k++) weights[phase * width + k] = windowedSinc((start + k - centre) * cutoff) * cutoff;
  }

  function resample(source: Float32Array, first: number, last: number, out: Float32Array, at = first): void {
    for (let i = first; i < last; i++) {
      const phase = i % phases;
      const start = ((i - phase) / phases) * step + (starts[phase] as number);
      const low = Math.max(0, -start);
      const high = Math.min(width, source.length - start);
      const tap = phase * width;
      let sum = 0;
      for (let k = low; k < high; k++) sum += (source[start + k] as number) * (weights[tap + k] as number);
      out[at + i - first] = sum;
    }
  }

  return {
    resample,
    resultLength: (count) => Math.ceil((count * phases) / step),
    sourceLength: (count) => Math.ceil((count * step) / phases + reach) + 1,
  };
}

const unchanged: Resampler = {
  sourceLength: (count) => count,
  resultLength: (count) => count,
  resample: (source, first, last, out, at = first) => out.set(source.subarray(first, last), at),
};

function windowedSinc(t: number): number {
  if (t === 0) return 1;
  if (Math.abs(t) >= CROSSINGS) return 0;
  const taper = Math.cos((t * Math.PI) / CROSSINGS / 2) ** 2;
  return (Math.sin(t * Math.PI) / (t * Math.PI)) * taper;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
