import { derivedSeed, seededRandom } from '../core/random.ts';
import { type Fft, makeFft } from '../core/sound/fft.ts';
import { makeResampler, type Resampler } from '../core/sound/resample.ts';
import { addNoise } from './augmentNoise.ts';
import type { SoundAugment } from './augmentSoundOptions.ts';

/** Varies a sound in place. Draws every number, even if its option is not set, so that one more option does not change the others. */
export function varySound(sound: Float32Array, options: SoundAugment, seed: number): void {
  const { gain = 0, speed = 0, shift = 0, snr, room = 0, rooms, sampleRate = 16_000 } = options;
  const random = seededRandom(seed);
  const within = (most: number) => most * (2 * random() - 1);
  const [factor, seconds, decibels] = [1 + within(speed), within(shift), within(gain)];
  const [which, long, near] = [random(), random(), random()];
  if (speed > 0) changeSpeed(sound, factor);
  if (shift > 0) shiftSound(sound, Math.round(seconds * sampleRate));
  if (rooms !== undefined) placeInRoom(sound, pickOf(rooms, which));
  else if (room > 0) placeInRoom(sound, madeRoom(long * room * sampleRate, near, derivedSeed(seed, 'room')));
  if (snr !== undefined) {
    const noise = noiseFor(sound.length, options, derivedSeed(seed, 'noise'));
    addAtRatio(sound, noise, snr[0] + random() * (snr[1] - snr[0]));
  }
  if (gain > 0) scale(sound, 10 ** (decibels / 20));
}

/** Hundredths of the speed are told apart. */
const SPEED_STEPS = 100;
const resamplers = new Map<number, Resampler>();

/** Plays a sound so many times as fast; silence follows what becomes shorter. */
export function changeSpeed(sound: Float32Array, factor: number): void {
  const steps = Math.max(1, Math.round(factor * SPEED_STEPS));
  const resampler = resamplers.get(steps) ?? makeResampler(steps, SPEED_STEPS);
  resamplers.set(steps, resampler);
  const source = sound.slice();
  const count = Math.min(sound.length, resampler.resultLength(source.length));
  sound.fill(0, count);
  resampler.resample(source, 0, count, sound);
}

function shiftSound(sound: Float32Array, later: number): void {
  const by = Math.max(-sound.length, Math.min(sound.length, later));
  sound.copyWithin(Math.max(0, by), Math.max(0, -by), sound.length - Math.max(0, by));
  if (by > 0) sound.fill(0, 0, by);
  else sound.fill(0, sound.length + by);
}

/** The last one stays, since the sounds of a set have one length. */
let lastFft: { readonly size: number; readonly fft: Fft } | undefined;

function fftOf(size: number): Fft {
  if (lastFft?.size !== size) lastFft = { size, fft: makeFft(size) };
  return lastFft.fft;
}

/** Convolves a sound with a room's impulse response, and leaves it as loud as it was. What sounds after its end is cut off. */
export function placeInRoom(sound: Float32Array, response: Float32Array): void {
  const before = powerOf(sound);
  if (before === 0) return;
  let size = 1;
  while (size < sound.length + response.length - 1) size *= 2;
  const fft = fftOf(size);
  const { real, imaginary } = fft;
  real.fill(0, sound.length).set(sound);
  imaginary.fill(0, response.length).set(response);
  // The sound is the real part and the response the imaginary one, so that one transform does both.
  fft.transform();
  for (let k = 0; k <= size / 2; k++) {
    const mirror = k === 0 ? 0 : size - k;
    const [a, b] = [real[k] as number, imaginary[k] as number];
    const [c, d] = [real[mirror] as number, imaginary[mirror] as number];
    // z(k)² − conj(z(−k))² = 4i · (sound · response); backwards by swapping the parts. At the mirror stands its conjugate.
    const [re, im] = [(a * b + c * d) / 2, (b * b - a * a + c * c - d * d) / 4];
    real[k] = im;
    imaginary[k] = re;
    real[mirror] = -im;
    imaginary[mirror] = re;
  }
  fft.transform();
  for (let i = 0; i < sound.length; i++) sound[i] = (fft.imaginary[i] as number) / size;
  const after = powerOf(sound);
  if (after > 0) scale(sound, Math.sqrt(before / after));
}

/** A direct sound, and an echo that is at most as strong. */
function madeRoom(samples: number, near: number, seed: number): Float32Array {
  const response = new Float32Array(Math.max(1, Math.round(samples)));
  addNoise(response, 1, seed);
  let energy = 0;
  for (let i = 0; i < response.length; i++) {
    // 60 decibels are a factor of a thousand.
    response[i] = i === 0 ? 0 : (response[i] as number) * 1000 ** (-i / response.length);
    energy += (response[i] as number) ** 2;
  }
  if (energy > 0) scale(response, near / Math.sqrt(energy));
  response[0] = 1;
  return response;
}

/** Adds noise so that the sound is so many decibels louder than it, both over the whole length. A silent sound gets noise as it is. */
export function addAtRatio(sound: Float32Array, noise: Float32Array, decibels: number): void {
  const [ofSound, ofNoise] = [powerOf(sound), powerOf(noise)];
  if (ofNoise === 0) return;
  const factor = ofSound === 0 ? SILENT_NOISE : Math.sqrt(ofSound / ofNoise) * 10 ** (-decibels / 20);
  for (let i = 0; i < sound.length; i++) sound[i] = (sound[i] as number) + factor * (noise[i] as number);
}

/** As loud as a quiet room. */
const SILENT_NOISE = 1e-3;
const COLOURS = ['white', 'pink', 'brown'] as const;

function noiseFor(length: number, { noises, colour = 'any' }: SoundAugment, seed: number): Float32Array {
  const random = seededRandom(seed);
  if (noises !== undefined) {
    const source = pickOf(noises, random());
    const from = Math.floor(random() * source.length);
    return Float32Array.from({ length }, (_, i) => source[(from + i) % source.length] as number);
  }
  return colouredNoise(length, colour === 'any' ? pickOf(COLOURS, random()) : colour, seed);
}

/**
 * Noise whose power falls by 0, 3 or 6 decibels for each octave.
 * Source    pink: Paul Kellet's filter as in musicdsp.org, "Pink noise filter", economy method; brown: a leaky integral
 */
function colouredNoise(length: number, colour: (typeof COLOURS)[number], seed: number): Float32Array {
  const noise = new Float32Array(length);
  addNoise(noise, 1, seed);
  let [a, b, c] = [0, 0, 0];
  for (let i = 0; i < length && colour !== 'white'; i++) {
    const white = noise[i] as number;
    if (colour === 'brown') {
      a = 0.98 * a + 0.2 * white;
      noise[i] = a;
      continue;
    }
    a = 0.99765 * a + 0.099046 * white;
    b = 0.963 * b + 0.2965164 * white;
    c = 0.57 * c + 1.0526913 * white;
    noise[i] = a + b + c + 0.1848 * white;
  }
  return noise;
}

function powerOf(sound: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < sound.length; i++) sum += (sound[i] as number) ** 2;
  return sum / Math.max(1, sound.length);
}

function scale(sound: Float32Array, factor: number): void {
  for (let i = 0; i < sound.length; i++) sound[i] = (sound[i] as number) * factor;
}

const pickOf = <T>(list: readonly T[], at: number): T => list[Math.floor(at * list.length)] as T;
