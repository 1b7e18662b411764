import { describe, expect, test } from 'vitest';
import golden from './golden/resample.json' with { type: 'json' };
import { makeResampler } from './resample.ts';

function resampleAll(source: Float32Array, from: number, to: number): Float32Array {
  const resampler = makeResampler(from, to);
  const out = new Float32Array(resampler.resultLength(source.length));
  resampler.resample(source, 0, out.length, out);
  return out;
}

const sine = (hertz: number, rate: number, length: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));

/** The largest difference, except near the ends, where the silence beyond them shows. */
function middleDifference(a: Float32Array, b: Float32Array): number {
  let most = 0;
  for (let i = 200; i < a.length - 200; i++) most = Math.max(most, Math.abs((a[i] as number) - (b[i] as number)));
  return most;
}

test.each(golden.cases)('from $from to $to a second is the published formula', ({ from, to, samples, values }) => {
  const result = resampleAll(
    Float32Array.from(samples, (k) => k / 32768),
    from,
    to,
  );
  expect(result).toHaveLength(values.length);
  for (const [i, value] of values.entries()) expect(Math.abs((result[i] as number) - value)).toBeLessThan(1e-6);
});

describe('a tone', () => {
  test.each([
    { from: 48_000, to: 16_000, hertz: 1000 },
    { from: 44_100, to: 16_000, hertz: 3000 },
    { from: 8000, to: 16_000, hertz: 700 },
    { from: 22_050, to: 16_000, hertz: 100 },
  ])('of $hertz Hz stays itself from $from to $to', ({ from, to, hertz }) => {
    const result = resampleAll(sine(hertz, from, from / 5), from, to);
    // −46 dB: what six zero crossings reach.
    expect(middleDifference(result, sine(hertz, to, result.length))).toBeLessThan(5e-3);
  });

  test('above half the new rate disappears', () => {
    const result = resampleAll(sine(11_000, 48_000, 9600), 48_000, 16_000);
    expect(middleDifference(result, new Float32Array(result.length))).toBeLessThan(0.02);
  });

  test('at the same rate is copied', () => {
    const source = sine(440, 16_000, 50);
    expect(resampleAll(source, 16_000, 16_000)).toEqual(source);
  });
});

test('the start reads no more of the source than it says, and pieces equal the whole', () => {
  const source = sine(523, 44_100, 4000);
  const whole = resampleAll(source, 44_100, 16_000);
  const resampler = makeResampler(44_100, 16_000);
  const beginning = new Float32Array(500);
  const enough = source.subarray(0, resampler.sourceLength(500));
  for (const [first, last] of [[0, 123] as const, [123, 500] as const])
    resampler.resample(enough, first, last, beginning);
  expect(beginning).toEqual(whole.subarray(0, 500));
});
