import { describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import golden from './golden/wav.json' with { type: 'json' };
import { parseWav } from './wav.ts';

const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));

test.each(golden.cases)('$name', ({ base64, sampleRate, values }) => {
  const wav = parseWav(bytesOf(base64).buffer);
  expect(wav).toMatchObject({ sampleRate, length: values.length });
  const samples = wav?.readMono(1000) ?? [];
  expect(samples).toHaveLength(values.length);
  for (const [i, value] of values.entries()) expect(Math.abs((samples[i] as number) - value)).toBeLessThan(1e-7);
  expect(wav?.readMono(3)).toEqual(samples.slice(0, 3));
});

describe('broken files', () => {
  const whole = bytesOf((golden.cases[1] as (typeof golden.cases)[number]).base64);
  const data = 44;

  test('cut within the samples, it holds those that remain', () => {
    expect(parseWav(whole.slice(0, data + 9).buffer)?.length).toBe(2);
  });

  test('one without a length, such as a recording that was never closed, goes on to its end', () => {
    const open = whole.slice();
    new DataView(open.buffer).setUint32(data - 4, 0, true);
    expect(parseWav(open.buffer)?.length).toBe(12);
  });

  test.each([
    ['empty', () => new Uint8Array(0)],
    ['no WAV', () => new TextEncoder().encode('{"not": "a sound, and longer than a head"}')],
    ['without samples', () => whole.slice(0, data - 8)],
    ['with another encoding', () => Uint8Array.from(whole, (byte, i) => (i === 20 ? 17 : byte))],
    ['without channels', () => Uint8Array.from(whole, (byte, i) => (i === 22 ? 0 : byte))],
    ['without a sample rate', () => Uint8Array.from(whole, (byte, i) => (i >= 24 && i < 28 ? 0 : byte))],
    ['with an absurd sample rate', () => Uint8Array.from(whole, (byte, i) => (i === 27 ? 255 : byte))],
  ])('%s, it is not read here', (_, make) => expect(parseWav(make().buffer as ArrayBuffer)).toBeUndefined());

  test('2,000 mutated and cut files are read or refused, never more samples than bytes', () => {
    const random = seededRandom(1);
    for (let turn = 0; turn < 2000; turn++) {
      const mutated = whole.slice(0, random() < 0.5 ? whole.length : Math.floor(random() * whole.length));
      for (let k = 0; k < 4; k++)
        mutated[Math.floor(random() * Math.min(mutated.length, 48))] = Math.floor(random() * 256);
      const wav = parseWav(mutated.buffer);
      if (wav === undefined) continue;
      expect(wav.length).toBeLessThanOrEqual(mutated.length);
      expect(wav.readMono(100).every((value) => typeof value === 'number')).toBe(true);
    }
  });
});
