import { describe, expect, test } from 'vitest';
import golden from './golden/logMel.json' with { type: 'json' };
import { makeLogMel } from './logMel.ts';
import type { LogMelOptions } from './logMelOptions.ts';

describe('log-mel spectrograms', () => {
  test.each(golden.cases)('$name is PyTorch’s', ({ options, samples, shape, values }) => {
    const sound = Float32Array.from(samples, (k) => k / 32768);
    const mel = makeLogMel(sound.length, options as LogMelOptions);
    const [bands = 0, frames = 0] = shape;
    expect([mel.bands, mel.frames]).toEqual([bands, frames]);
    const result = mel.spectrogram(sound);
    const scale = Math.max(1, ...values.map(Math.abs));
    for (let band = 0; band < bands; band++) {
      for (let frame = 0; frame < frames; frame++) {
        const expected = values[band * frames + frame] as number;
        // Logarithms of very little carry the rounding of much: float32 keeps 1e-7 of the largest.
        expect(Math.abs((result[frame * bands + band] as number) - expected) / scale).toBeLessThan(1e-5);
      }
    }
  });

  test('hears a tone in the band that it lies in, and nothing above the floor in silence', () => {
    const tone = Float32Array.from({ length: 1600 }, (_, i) => Math.sin((2 * Math.PI * 1000 * i) / 16_000));
    const mel = makeLogMel(1600, { edges: 'none' });
    const first = mel.spectrogram(tone).subarray(0, 80);
    // Of 80 slaney bands up to 8 kHz, 1000 Hz (15 mel of 45.2) lies at the middle of band 15 / 45.245 · 81 − 1.
    expect(first.indexOf(Math.max(...first))).toBe(26);
    expect([...mel.spectrogram(new Float32Array(1600))].every((value) => value === -10)).toBe(true);
  });

  test.each([
    { length: 200, options: {}, sentence: 'its ends are mirrored over 200' },
    { length: 399, options: { edges: 'none' }, sentence: 'a frame takes 400 samples' },
    { length: 0, options: { edges: 'zeros', lastFrame: 'dropped' }, sentence: '0 samples are too few' },
  ] as const)('refuses $length samples with $options', ({ length, options, sentence }) => {
    expect(() => makeLogMel(length, options)).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining(sentence) }),
    );
  });
});
