import { LimbeckError } from '../core/errors.ts';
import { checkNotNegative, invalidOption } from '../core/options.ts';
import { given, notNegative, type OptionsOf, oneOf, positive, schema } from '../core/schema.ts';
import { isTagged } from '../core/tags.ts';

export const SOUND = schema(
  'augment.sound',
  {
    /** Decibels. */
    gain: notNegative(),
    /** A fraction below 1: from 1 − speed to 1 + speed times as fast, and as high, as a tape would be. */
    speed: given<number>((value, name) => {
      if (checkNotNegative(value, name) >= 1) throw invalidOption(name, value, 'a fraction below 1');
    }),
    /** Seconds by which a sound begins sooner or later; silence follows it, or leads. */
    shift: notNegative(),
    /** Decibels: the least and the most that the sound is louder than noise, which every example gets, drawn between them. */
    snr: given<readonly [number, number]>((range, name) => {
      const isRange =
        Array.isArray(range) && range.length === 2 && range.every(Number.isFinite) && range[0] <= range[1];
      if (!isRange) throw invalidOption(name, range, 'two numbers of decibels, the least and the most');
    }),
    /** What the noise is where no recordings are given; 'any' draws one for each example. Default 'any'. */
    colour: oneOf('white', 'pink', 'brown', 'any')('any'),
    /** Recordings of noise at the sounds' rate; a part of one is mixed in, in place of a colour. */
    noises: given<readonly Float32Array[]>(checkSounds),
    /** Seconds that a room's echo takes to fall by 60 decibels, at most. */
    room: notNegative(),
    /** Impulse responses of rooms at the sounds' rate; one is drawn for each example, in place of `room`. */
    rooms: given<readonly Float32Array[]>(checkSounds),
    /** Of the sounds, for what is told in seconds. Default 16,000. */
    sampleRate: positive(16_000),
  },
  'augment.sound.',
);

/**
 * How sounds [samples] are varied: faster or slower, sooner or later, in a room, in noise, louder or softer, in this order. What is
 * left out does not change.
 * Source    Ko et al. 2015, "Audio augmentation for speech recognition" (speed); Ko et al. 2017, doi:10.1109/ICASSP.2017.7953152
 *           (rooms and noise); Polack 1988 for rooms that are made up: noise that decays exponentially
 */
export interface SoundAugment extends OptionsOf<typeof SOUND> {}

/** Whether it changes anything. */
export function changesSound({ gain = 0, speed = 0, shift = 0, snr, room = 0, rooms }: SoundAugment): boolean {
  return gain > 0 || speed > 0 || shift > 0 || room > 0 || snr !== undefined || rooms !== undefined;
}

function checkSounds(sounds: readonly Float32Array[], name: string): void {
  const isRight = Array.isArray(sounds) && sounds.length > 0 && sounds.every((one) => isTagged(one, 'Float32Array'));
  if (!isRight) throw invalidOption(name, sounds, 'a list of at least one Float32Array of samples');
  if (sounds.every(({ length }) => length > 0)) return;
  throw new LimbeckError('audio-unreadable', `"${name}" has a sound without samples. Leave it out.`);
}
