import { LimbeckError } from '../errors.ts';
import { checkNotNegative, checkPositive } from '../options.ts';
import { count, finite, given, notNegative, type OptionsOf, oneOf, positive, schema } from '../schema.ts';

export const LOG_MEL = schema('logMel', {
  /** Samples per second of the sound. Default 16,000. */
  sampleRate: positive(16_000),
  /** Numbers of one Fourier transform. Default 400. */
  fftSize: count(2)(400),
  /** Samples of one window; the rest of a transform is zeros. Default: as many as `fftSize`. */
  windowSamples: count(2)(),
  /** Samples from one frame to the next. Default 160. */
  hopSamples: count()(160),
  /**
   * 'reflect' and 'zeros' set the middle of frame t on sample t · hop and continue the sound beyond its ends; with 'none'
   * frame t starts at sample t · hop and only whole frames count. Default 'reflect'.
   */
  edges: oneOf('reflect', 'zeros', 'none')('reflect'),
  /** Whisper drops the last frame. Default 'kept'. */
  lastFrame: oneOf('kept', 'dropped')('kept'),
  /** Magnitudes to this power. Default 2. */
  power: oneOf(1, 2)(2),
  /** Mel bands, from `lowHz` to `highHz`. Default 80. */
  bands: count()(80),
  /** Default 0. */
  lowHz: notNegative(0),
  /** Default: half the sample rate. */
  highHz: given<number>(),
  /** Default 'slaney'. */
  scale: oneOf('slaney', 'htk')('slaney'),
  /** Over which axis the filters are triangles. Default 'hertz', as librosa and torchaudio; 'mel' as TensorFlow. */
  triangles: oneOf('hertz', 'mel')('hertz'),
  /** 'one' makes all filters equally large over hertz, as librosa does; 'free' makes them equally high. Default 'one'. */
  area: oneOf('one', 'free')('one'),
  /** 'decibel' is ten times 'log10'. Default 'log10'. */
  log: oneOf('log10', 'ln', 'decibel', 'none')('log10'),
  /** Added before the logarithm. Default 0. */
  offset: notNegative(0),
  /** What is smaller before the logarithm, after `offset`, is raised to it. Default: 1e-10. */
  floor: given<number>(),
  /** After the logarithm, what lies further below the maximum of the example is raised to it. Default: nothing is. */
  dynamicRange: positive(),
  /** Value = (logarithm − mean) / stdDev. Default 0. */
  mean: finite(0),
  /** Default 1. */
  stdDev: positive(1),
});

/** How sound becomes a log-mel spectrogram. The defaults are Whisper's, up to what it does after the logarithm. */
export interface LogMelOptions extends OptionsOf<typeof LOG_MEL> {}

/** Throws    invalid-option: an unknown option, or one that describes no spectrogram */
export function readLogMel(options: LogMelOptions) {
  const read = LOG_MEL.read(options);
  const {
    sampleRate,
    fftSize,
    windowSamples = fftSize,
    lowHz,
    highHz = sampleRate / 2,
    log,
    offset,
    floor = 1e-10,
  } = read;
  if (windowSamples > fftSize) {
    throw new LimbeckError('invalid-option', `"windowSamples" (${windowSamples}) is more than "fftSize" (${fftSize}).`);
  }
  if (!(highHz > lowHz && highHz <= sampleRate / 2)) {
    throw new LimbeckError(
      'invalid-option',
      `The mel bands go from ${lowHz} to ${String(highHz)} Hz; "highHz" must be above "lowHz" and at most half the ` +
        `sample rate, ${sampleRate / 2} Hz.`,
    );
  }
  if (log === 'none' || offset > 0) checkNotNegative(floor, 'floor');
  else checkPositive(floor, 'floor');
  return { ...read, windowSamples, highHz, floor };
}
