import { describe, expect, test } from 'vitest';
import golden from '../core/sound/golden/logMel.json' with { type: 'json' };
import type { LogMelOptions } from '../core/sound/logMelOptions.ts';
import { fromArrays } from './arrays.ts';
import { fromAudio } from './audio.ts';
import { type SpectrogramsOptions, spectrograms } from './spectrograms.ts';

describe('spectrograms', () => {
  test.each(golden.cases)('$name is PyTorch’s, in each layout', async ({ options, samples, shape, values }) => {
    const sound = Float32Array.from(samples, (k) => k / 32768);
    const [bands = 0, frames = 0] = shape;
    const rate = (options as LogMelOptions).sampleRate ?? 16_000;
    const sounds = fromAudio(
      [new Float32Array(sound.length).fill(0.1), sound],
      { sampleRate: rate, samples: sound.length },
      [0, 1],
    );
    const scale = Math.max(1, ...values.map(Math.abs));
    for (const layout of ['btf1', 'bft'] as const) {
      const data = spectrograms(sounds, { ...(options as LogMelOptions), layout });
      const inner = layout === 'bft' ? [bands, frames] : [frames, bands, 1];
      expect(data.inputs['input']).toEqual({ shape: inner, dtype: 'float32' });
      const { inputs, labels } = await data.read(Int32Array.of(1, 0));
      expect(Array.from(labels)).toEqual([1, 0]);
      expect(inputs['input']?.shape).toEqual([2, ...inner]);
      const result = inputs['input']?.data as Float32Array;
      for (let band = 0; band < bands; band++) {
        for (let frame = 0; frame < frames; frame++) {
          const at = layout === 'bft' ? band * frames + frame : frame * bands + band;
          const expected = values[band * frames + frame] as number;
          expect(Math.abs((result[at] as number) - expected) / scale).toBeLessThan(1e-5);
        }
      }
    }
  });

  test.each([
    ['pictures', 'shape-mismatch', () => spectrograms(fromArrays({ data: new Float32Array(64), shape: [1, 8, 8] }))],
    ['whole numbers', 'shape-mismatch', () => spectrograms(fromArrays({ data: new Int32Array(800), shape: [1, 800] }))],
    ['sounds shorter than a frame', 'shape-mismatch', () => spectrograms(fromAudio([], { samples: 100 }))],
    ['no such input', 'shape-mismatch', () => spectrograms(fromAudio([], { samples: 800 }), { input: 'voice' })],
    [
      'an unknown option',
      'invalid-option',
      () => spectrograms(fromAudio([], { samples: 800 }), { mels: 4 } as SpectrogramsOptions),
    ],
    [
      'bands beyond half the rate',
      'invalid-option',
      () => spectrograms(fromAudio([], { samples: 800 }), { highHz: 9000 }),
    ],
  ])('refuses %s', (_, code, make) => {
    expect(make).toThrow(expect.objectContaining({ code }));
  });
});
