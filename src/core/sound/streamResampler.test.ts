import { expect, test } from 'vitest';
import { seededRandom } from '../random.ts';
import { makeResampler } from './resample.ts';
import { makeStreamResampler } from './streamResampler.ts';

test.each([
  [48_000, 16_000],
  [44_100, 16_000],
  [8000, 16_000],
  [16_000, 16_000],
])('%d to %d Hz in pieces is the whole sound, whatever the pieces are', (from, to) => {
  const random = seededRandom(1);
  const sound = Float32Array.from({ length: 6000 }, () => random() - 0.5);
  const whole = makeResampler(from, to);
  const expected = new Float32Array(whole.resultLength(sound.length));
  whole.resample(sound, 0, expected.length, expected);
  const stream = makeStreamResampler(from, to);
  const got: number[] = [];
  for (let at = 0; at < sound.length; ) {
    const next = Math.min(sound.length, at + 1 + Math.floor(400 * random()));
    got.push(...stream(sound.subarray(at, next)));
    at = next;
  }
  // What is missing waits for the few samples of the source that its weights reach.
  expect(got.length).toBeGreaterThan(expected.length - 8 - (20 * to) / from);
  expect(Float32Array.from(got)).toEqual(expected.slice(0, got.length));
});
