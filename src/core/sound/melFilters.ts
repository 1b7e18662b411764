/** Triangular filters that add the bins of a spectrum up into bands. */
export interface MelFilters {
  /** For each band, its first bin and its weights from there on. */
  readonly starts: Int32Array;
  readonly weights: readonly Float64Array[];
}

export interface MelFilterOptions {
  readonly sampleRate: number;
  readonly fftSize: number;
  readonly bands: number;
  readonly lowHz: number;
  readonly highHz: number;
  readonly scale: 'slaney' | 'htk';
  readonly triangles: 'hertz' | 'mel';
  readonly area: 'one' | 'free';
}

/**
 * Bands that are equally wide on the mel scale, each a triangle from the middle of the one before to that of the next.
 * Source    'slaney': Slaney 1998, Auditory Toolbox, as in librosa.filters.mel; 'htk': Young et al., The HTK Book, §5.4;
 *           triangles over mel: tf.signal.linear_to_mel_weight_matrix, which also leaves out bin 0
 */
export function melFilters(options: MelFilterOptions): MelFilters {
  const { sampleRate, fftSize, bands, lowHz, highHz, triangles, area } = options;
  const toMel = options.scale === 'htk' ? htkMel : slaneyMel;
  const toHertz = options.scale === 'htk' ? htkHertz : slaneyHertz;
  const low = toMel(lowHz);
  const width = (toMel(highHz) - low) / (bands + 1);
  const isHertz = triangles === 'hertz';
  const edge = (i: number) => (isHertz ? toHertz(low + i * width) : low + i * width);
  const binCount = Math.floor(fftSize / 2) + 1;
  const place = (bin: number) => (isHertz ? (bin * sampleRate) / fftSize : toMel((bin * sampleRate) / fftSize));
  const starts = new Int32Array(bands);
  const weights: Float64Array[] = [];
  for (let band = 0; band < bands; band++) {
    const [left, middle, right] = [edge(band), edge(band + 1), edge(band + 2)];
    const height = area === 'one' ? 2 / (toHertz(low + (band + 2) * width) - toHertz(low + band * width)) : 1;
    const own: number[] = [];
    for (let bin = isHertz ? 0 : 1; bin < binCount; bin++) {
      const at = place(bin);
      const weight = Math.min((at - left) / (middle - left), (right - at) / (right - middle)) * height;
      if (weight <= 0) continue;
      if (own.length === 0) starts[band] = bin;
      own.push(weight);
    }
    weights.push(Float64Array.from(own));
  }
  return { starts, weights };
}

function htkMel(hertz: number): number {
  return 2595 * Math.log10(1 + hertz / 700);
}

function htkHertz(mel: number): number {
  return 700 * (10 ** (mel / 2595) - 1);
}

// Straight up to 1000 Hz, 15 mel; from there on 27 mel make a factor of 6.4.
const BREAK_HZ = 1000;
const BREAK_MEL = 15;
const LOG_STEP = Math.log(6.4) / 27;

function slaneyMel(hertz: number): number {
  return hertz < BREAK_HZ ? (hertz * BREAK_MEL) / BREAK_HZ : BREAK_MEL + Math.log(hertz / BREAK_HZ) / LOG_STEP;
}

function slaneyHertz(mel: number): number {
  return mel < BREAK_MEL ? (mel * BREAK_HZ) / BREAK_MEL : BREAK_HZ * Math.exp(LOG_STEP * (mel - BREAK_MEL));
}
