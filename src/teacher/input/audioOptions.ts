import { LimbeckError } from '../../core/errors.ts';
import {
  checkCount,
  checkFinite,
  checkKnownOptions,
  checkNotNegative,
  checkOneOf,
  checkPositive,
} from '../../core/options.ts';
import type { AudioInput } from './audioInput.ts';
import type { LogMelOptions } from './melInput.ts';

const KNOWN: readonly (keyof AudioInput)[] = ['kind', 'samples', 'range', 'standardised', 'logMel', 'layout'];

const KNOWN_OF_MEL: readonly (keyof LogMelOptions)[] = [
  'sampleRate',
  'fftSize',
  'windowSamples',
  'hopSamples',
  'edges',
  'lastFrame',
  'power',
  'bands',
  'lowHz',
  'highHz',
  'scale',
  'triangles',
  'area',
  'log',
  'offset',
  'floor',
  'dynamicRange',
  'mean',
  'stdDev',
];

/** Throws    invalid-option: an unknown option, or one that describes no sound */
export function checkAudioInput(options: AudioInput): void {
  checkKnownOptions(options, KNOWN, 'input');
  const { samples, range = 1, standardised = 'no', logMel, layout } = options;
  if (samples !== undefined) checkCount(samples, 'samples');
  checkOneOf(range, 'range', [1, 32768]);
  checkOneOf(standardised, 'standardised', ['no', 'yes']);
  if (logMel === undefined) checkOneOf(layout ?? 'bt', 'layout', ['bt', 'b1t']);
  else {
    checkOneOf(layout ?? 'bft', 'layout', ['bft', 'btf', 'b1ft', 'b1tf', 'btf1']);
    checkLogMel(logMel);
  }
}

function checkLogMel(options: LogMelOptions): void {
  checkKnownOptions(options, KNOWN_OF_MEL, 'logMel');
  const { sampleRate = 16_000, fftSize = 400, windowSamples = fftSize, lowHz = 0, floor = 1e-10 } = options;
  checkPositive(sampleRate, 'sampleRate');
  checkCount(fftSize, 'fftSize', 2);
  checkCount(windowSamples, 'windowSamples', 2);
  if (windowSamples > fftSize) {
    throw new LimbeckError('invalid-option', `"windowSamples" (${windowSamples}) is more than "fftSize" (${fftSize}).`);
  }
  checkCount(options.hopSamples ?? 160, 'hopSamples');
  checkCount(options.bands ?? 80, 'bands');
  checkBand(checkNotNegative(lowHz, 'lowHz'), options.highHz ?? sampleRate / 2, sampleRate);
  checkOneOf(options.edges ?? 'reflect', 'edges', ['reflect', 'zeros', 'none']);
  checkOneOf(options.lastFrame ?? 'kept', 'lastFrame', ['kept', 'dropped']);
  checkOneOf(options.power ?? 2, 'power', [1, 2]);
  checkOneOf(options.scale ?? 'slaney', 'scale', ['slaney', 'htk']);
  checkOneOf(options.triangles ?? 'hertz', 'triangles', ['hertz', 'mel']);
  checkOneOf(options.area ?? 'one', 'area', ['one', 'free']);
  checkOneOf(options.log ?? 'log10', 'log', ['log10', 'ln', 'decibel', 'none']);
  checkNotNegative(options.offset ?? 0, 'offset');
  if (options.log === 'none' || (options.offset ?? 0) > 0) checkNotNegative(floor, 'floor');
  else checkPositive(floor, 'floor');
  if (options.dynamicRange !== undefined) checkPositive(options.dynamicRange, 'dynamicRange');
  checkFinite(options.mean ?? 0, 'mean');
  checkPositive(options.stdDev ?? 1, 'stdDev');
}

function checkBand(lowHz: number, highHz: number, sampleRate: number): void {
  if (highHz > lowHz && highHz <= sampleRate / 2) return;
  throw new LimbeckError(
    'invalid-option',
    `The mel bands go from ${lowHz} to ${String(highHz)} Hz; "highHz" must be above "lowHz" and at most half the ` +
      `sample rate, ${sampleRate / 2} Hz.`,
  );
}
