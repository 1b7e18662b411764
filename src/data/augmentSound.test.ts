import { describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import { fromArrays } from './arrays.ts';
import { augmented } from './augmented.ts';
import type { AugmentOptions } from './augmentOptions.ts';
import { addAtRatio, changeSpeed, placeInRoom, varySound } from './augmentSound.ts';
import type { SoundAugment } from './augmentSoundOptions.ts';
import golden from './golden/augmentSound.json' with { type: 'json' };

const random = seededRandom(3);
const speech = Float32Array.from({ length: 1600 }, (_, i) => Math.sin(0.05 * i) * (0.5 + 0.3 * random()));
const power = (sound: ArrayLike<number>) => Array.from(sound).reduce((sum, x) => sum + x * x, 0) / sound.length;
const decibels = (ratio: number) => 10 * Math.log10(ratio);
const vary = (options: SoundAugment, seed = 1, of = speech) => {
  const sound = of.slice();
  varySound(sound, options, seed);
  return sound;
};

test.each(golden.cases)('$kind at $decibels dB is scipy’s', ({ kind, samples, other, decibels: ratio, values }) => {
  const sound = Float32Array.from(samples, (k) => k / 32768);
  const second = Float32Array.from(other, (k) => k / 32768);
  if (kind === 'room') placeInRoom(sound, second);
  else addAtRatio(sound, second, ratio);
  for (const [i, value] of values.entries()) expect(sound[i]).toBeCloseTo(value, 6);
});

describe('varySound', () => {
  test.each([{ gain: 6 }, { speed: 0.2 }, { shift: 0.02 }, { snr: [5, 5] as const }, { room: 0.1 }])(
    'depends on its seed only, and changes something, for %o',
    (options) => {
      expect(vary(options)).toEqual(vary(options));
      expect(vary(options)).not.toEqual(vary(options, 2));
      expect(vary(options)).not.toEqual(speech);
      expect(vary(options).every(Number.isFinite)).toBe(true);
    },
  );

  test('keeps within its ranges', () => {
    const gains = Array.from({ length: 100 }, (_, seed) => decibels(power(vary({ gain: 6 }, seed)) / power(speech)));
    expect(Math.max(...gains)).toBeLessThanOrEqual(6.001);
    expect(Math.min(...gains)).toBeGreaterThanOrEqual(-6.001);
    expect(Math.max(...gains) - Math.min(...gains)).toBeGreaterThan(9);
    const ratios = Array.from({ length: 50 }, (_, seed) => {
      const noisy = vary({ snr: [0, 20] }, seed);
      return decibels(power(speech) / power(noisy.map((value, i) => value - (speech[i] as number))));
    });
    expect(Math.min(...ratios)).toBeGreaterThan(-0.01);
    expect(Math.max(...ratios)).toBeLessThan(20.01);
    expect(Math.max(...ratios) - Math.min(...ratios)).toBeGreaterThan(12);
  });

  test('one more option leaves the draws of the others as they are', () => {
    const quiet = vary({ shift: 0.02 });
    const both = vary({ shift: 0.02, gain: 6 });
    const factor = (both[800] as number) / (quiet[800] as number);
    for (let i = 0; i < 1600; i += 50) expect(both[i]).toBeCloseTo(factor * (quiet[i] as number), 5);
  });

  test('a faster sound is higher and shorter', () => {
    const tone = Float32Array.from({ length: 1600 }, (_, i) => Math.sin((2 * Math.PI * 20 * i) / 1600));
    changeSpeed(tone, 2);
    const crossings = tone.reduce((sum, x, i) => sum + (i > 0 && (tone[i - 1] as number) < 0 && x >= 0 ? 1 : 0), 0);
    expect(tone.slice(810).every((x) => x === 0)).toBe(true);
    expect(crossings).toBeGreaterThanOrEqual(19);
    // As a sine of twice the frequency would be, away from the ends.
    for (let i = 100; i < 700; i += 37) expect(tone[i]).toBeCloseTo(Math.sin((2 * Math.PI * 40 * i) / 1600), 2);
  });

  test('moves a sound as far as it says, with silence where nothing was', () => {
    const click = new Float32Array(1000);
    click[500] = 1;
    const places = Array.from({ length: 60 }, (_, seed) =>
      vary({ shift: 0.1, sampleRate: 1000 }, seed, click).indexOf(1),
    );
    expect(Math.min(...places)).toBeGreaterThanOrEqual(400);
    expect(Math.max(...places)).toBeLessThanOrEqual(600);
    expect(Math.max(...places) - Math.min(...places)).toBeGreaterThan(120);
  });

  test('a made room echoes, and stays as loud', () => {
    const click = new Float32Array(4000);
    click[100] = 1;
    const wet = vary({ room: 0.2 }, 4, click);
    expect(power(wet) / power(click)).toBeCloseTo(1, 3);
    expect(wet.slice(0, 99).every((x) => Math.abs(x) < 1e-6)).toBe(true);
    expect(wet.slice(101, 400).some((x) => Math.abs(x) > 0.01)).toBe(true);
  });

  test('takes recordings of noise and rooms; silence stays quiet', () => {
    const hum = Float32Array.of(0.5, -0.5);
    const silent = new Float32Array(64);
    const heard = vary({ snr: [10, 10], noises: [hum] }, 1, silent);
    expect(heard.every((x, i) => i === 0 || x === -(heard[i - 1] as number))).toBe(true);
    expect(Math.max(...heard)).toBeLessThan(0.001);
    expect(vary({ rooms: [Float32Array.of(0, 1)] }).slice(1)).not.toEqual(speech.slice(1));
    expect(vary({ rooms: [Float32Array.of(0, 1)] })[700]).toBeCloseTo(speech[699] as number, 2);
  });

  test('noise of a colour falls off as it should', () => {
    const tilt = (colour: 'white' | 'pink' | 'brown') => {
      const noise = vary({ snr: [0, 0], colour }, 5, new Float32Array(20_000));
      const steps = noise.slice(1).map((x, i) => x - (noise[i] as number));
      return power(steps) / power(noise);
    };
    // Of independent numbers the differences have twice the power.
    expect(tilt('white')).toBeCloseTo(2, 1);
    expect(tilt('pink')).toBeLessThan(1);
    expect(tilt('brown')).toBeLessThan(0.1);
  });
});

describe('augment.sound', () => {
  const sounds = fromArrays({ data: new Float32Array([...speech, ...speech]), shape: [2, 1600] }, [3, 4]);
  const images = fromArrays({ data: new Float32Array(64), shape: [1, 8, 8, 1] });

  test('varies the copies of a dataset, each in its own way and the same at every read', async () => {
    const data = augmented(sounds, { sound: { snr: [5, 15], gain: 3 } }, { copies: 3, seed: 2 });
    const read = async (...indices: number[]) => (await data.read(Int32Array.from(indices))).inputs['input']?.data;
    expect(data.size).toBe(6);
    expect(await read(4)).toEqual(await read(4));
    expect(await read(4)).not.toEqual(await read(2));
    expect(Array.from((await data.read(Int32Array.of(1, 4))).labels ?? [])).toEqual([4, 3]);
    expect((await sounds.read(Int32Array.of(0))).inputs['input']?.data).toEqual(speech);
  });

  test.each([
    ['no change', 'invalid-option', { sound: {} }],
    ['an unknown change', 'invalid-option', { sound: { pitch: 1 } }],
    ['a speed of 1', 'invalid-option', { sound: { speed: 1 } }],
    ['a negative gain', 'invalid-option', { sound: { gain: -1 } }],
    ['ratios the wrong way round', 'invalid-option', { sound: { snr: [10, 5] } }],
    ['an unknown colour', 'invalid-option', { sound: { snr: [5, 10], colour: 'red' } }],
    ['no noise at all', 'invalid-option', { sound: { snr: [5, 10], noises: [] } }],
    ['noise without samples', 'audio-unreadable', { sound: { snr: [5, 10], noises: [new Float32Array()] } }],
  ])('refuses %s', (_, code, options) => {
    expect(() => augmented(sounds, options as AugmentOptions)).toThrow(expect.objectContaining({ code }));
  });

  test('refuses pictures', () => {
    expect(() => augmented(images, { sound: { gain: 3 } })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining('asks for sound') }),
    );
  });
});
